"""A mail server on the loopback that takes mails over TLS alone: python3 mail_server.py starttls|tls CERTIFICATE KEY

Says `port N` once it listens, and of each mail whom it is for and who logged in, then its text."""

import asyncio
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_DATA(self, _server, session, envelope):
        print(f"mail for {envelope.rcpt_tos} by {session.auth_data.login.decode()}")
        print(envelope.content.decode(), flush=True)
        return "250 taken"


def authenticate(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data.password == b"pass word", auth_data=data)


async def main(way, certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    starts = way == "starttls"
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), authenticator=authenticate, auth_required=True, auth_require_tls=starts,
                     tls_context=context if starts else None, require_starttls=starts, hostname="test"),
        "127.0.0.1", 0, ssl=None if starts else context)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


warnings.simplefilter("ignore")  # that nothing but TLS comes through its socket, aiosmtpd does not know
asyncio.run(main(*sys.argv[1:]))
