from django import template

from mastery.sessions import browser_of

register = template.Library()
register.filter("browser", browser_of)
