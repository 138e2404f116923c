import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

/** The parts of a duration that say enough: hours and minutes, minutes and seconds, or seconds. */
export function durationParts(seconds: number): ['hour' | 'minute' | 'second', number][] {
  const whole = Math.max(1, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours > 0) return minutes > 0 ? [['hour', hours], ['minute', minutes]] : [['hour', hours]];
  if (minutes > 0) return whole % 60 > 0 && minutes < 10 ? [['minute', minutes], ['second', whole % 60]] : [['minute', minutes]];
  return [['second', whole]];
}

/** "2 hr 5 min", in the language of the page. */
export function useDuration(): (seconds: number) => string {
  const { i18n } = useTranslation();
  return useCallback(
    (seconds) =>
      durationParts(seconds)
        .map(([unit, value]) => new Intl.NumberFormat(i18n.language, { style: 'unit', unit, unitDisplay: 'short' }).format(value))
        .join(' '),
    [i18n.language],
  );
}
