import { TrashCan } from '@carbon/icons-react';
import { Button, Modal } from '@carbon/react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { Box } from '../api/client';
import type { Package } from '../api/types';
import { Problem } from '../shell/Problem';
import { useApp } from '../shell/context';

const consequences: Record<Box, string> = {
  sent: 'Its files are removed from the transfer node, and nobody can download them any more. This cannot be undone.',
  received: 'It leaves your list. The package stays for its sender and its other recipients.',
};

/** Deletes a package after asking: for everyone when it is the sender's, from one's own list when it was received. */
export function DeletePackage({ pkg, box }: { pkg: Package; box: Box }) {
  const { api, sessionEnded } = useApp();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const remove = async () => {
    setWorking(true);
    setError(null);
    try {
      await api.deletePackage(pkg.id);
      await navigate(`/${box}`);
    } catch (reason) {
      if (sessionEnded(reason)) return;
      setError(reason instanceof Error ? reason : new Error(String(reason)));
      setWorking(false);
    }
  };
  return (
    <>
      <Button kind="danger--ghost" renderIcon={TrashCan} onClick={() => setAsking(true)}>
        Delete
      </Button>
      <Modal
        open={asking}
        danger
        size="sm"
        modalHeading={`Delete “${pkg.title}”?`}
        primaryButtonText="Delete package"
        secondaryButtonText="Cancel"
        primaryButtonDisabled={working}
        onRequestClose={() => setAsking(false)}
        onRequestSubmit={() => void remove()}
      >
        <p>{consequences[box]}</p>
        {error && <Problem title="The package could not be deleted." error={error} />}
      </Modal>
    </>
  );
}
