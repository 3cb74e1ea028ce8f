from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

# What a header is taken for that Django cannot read: it would stumble over it before any view,
# or error page of ours, has the request.
INSTEAD = {"CONTENT_TYPE": "application/octet-stream", "HTTP_ACCEPT": "*/*"}


class Handler(WSGIHandler):
    def __call__(self, environ: dict[str, Any], start_response: Any) -> HttpResponseBase:
        for name, instead in INSTEAD.items():
            try:
                for part in environ.get(name, "").split(","):
                    parse_header_parameters(part)
            except ValueError:
                environ[name] = instead
        return super().__call__(environ, start_response)


django.setup(set_prefix=False)
application = Handler()
