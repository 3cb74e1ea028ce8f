"""Mail while there is no mail server: on the console, to be read and followed by people."""

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class ConsoleBackend(console.EmailBackend):
    """Django's, without the encoding of mail, which breaks long links in two."""

    def write_message(self, message: EmailMessage) -> None:
        to = ", ".join(message.recipients())
        self.stream.write(f"To: {to}\nSubject: {message.subject}\n\n{message.body}\n{'-' * 79}\n")
