/** The demo shop: its example questions go into the chat. */
import "./demo.css";

type Chat = HTMLElement & { open(): void; send(text: string): void };

for (const button of document.querySelectorAll<HTMLElement>("[data-ask]")) {
  button.addEventListener("click", () => {
    const chat = document.querySelector<Chat>("frontline-chat");
    chat?.open();
    chat?.send(button.dataset.ask ?? "");
  });
}
