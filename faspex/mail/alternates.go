package mail

import (
	"context"
	"fmt"

	"faspex.io/operator/faspex/settings"
)

// Alternates gives the words ALTERNATE_ADDRESS_1 and so on: the other addresses of the server that are to be shown in
// mails, in their order. An address that is not has no word (faspex-Z13: TestOnlyShownAddressesAreWords).
func Alternates(ctx context.Context, from settings.Source) (map[string]string, error) {
	list, _, err := settings.ReadList[settings.AlternateAddress](ctx, from, settings.NameAlternateAddresses)
	if err != nil {
		return nil, err
	}
	words := map[string]string{}
	for _, i := range list.Items {
		if i.Value.InMails {
			words[fmt.Sprintf("ALTERNATE_ADDRESS_%d", len(words)+1)] = i.Value.Name
		}
	}
	return words, nil
}
