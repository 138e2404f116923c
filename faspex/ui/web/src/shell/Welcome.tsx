import { Button } from '@carbon/react';

/** What a person sees who is not signed in. */
export function Welcome({ title, text, action }: { title: string; text: string; action: () => void }) {
  return (
    <main className="welcome">
      <div className="welcome-card">
        <h1>{title}</h1>
        <p>{text}</p>
        <Button onClick={action}>Sign in</Button>
      </div>
    </main>
  );
}
