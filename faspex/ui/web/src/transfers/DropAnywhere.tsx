import { Upload } from '@carbon/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from '../navigation/router';
import { useCan } from '../auth/capabilities';
import { useToast } from '../shell/toasts';
import { fromDrop } from './collect';
import { offer } from './dropped';

const formPath = '/packages/new';

/**
 * Takes files that are dropped anywhere: the browser never leaves the page for one of them, and the form for a new package
 * opens with them.
 */
export function DropAnywhere() {
  const { t } = useTranslation('transfers');
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const can = useCan();
  const toast = useToast();
  const [over, setOver] = useState(false);
  const allowed = can('package.send');
  const drop = useRef((_: DataTransfer) => {});
  drop.current = (data) => {
    if (!allowed) {
      toast({ kind: 'error', title: t('drop.notAllowed') });
      return;
    }
    let found = 0;
    offer({ collected: fromDrop(data, (files) => (found = files)), count: () => found });
    if (pathname !== formPath) navigate(formPath);
  };

  useEffect(() => {
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const isOver = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const out = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const dropped = (event: DragEvent) => {
      setOver(false);
      if (!carries(event)) return;
      event.preventDefault();
      if (event.dataTransfer) drop.current(event.dataTransfer);
    };
    window.addEventListener('dragenter', isOver);
    window.addEventListener('dragover', isOver);
    window.addEventListener('dragleave', out);
    window.addEventListener('drop', dropped);
    return () => {
      window.removeEventListener('dragenter', isOver);
      window.removeEventListener('dragover', isOver);
      window.removeEventListener('dragleave', out);
      window.removeEventListener('drop', dropped);
    };
  }, []);

  if (!over) return null;
  return (
    <div className="drop-anywhere" aria-hidden="true">
      <div className="drop-anywhere__text">
        <Upload size={32} />
        <p>{t(allowed ? 'drop.here' : 'drop.notAllowed')}</p>
      </div>
    </div>
  );
}
