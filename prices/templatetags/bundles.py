"""`{% page_script %}` and `{% page_sheet %}`: where the page's script and style sheet are."""

from django import template

from ..page import bundle

register = template.Library()
register.simple_tag(bundle.script_url, name="page_script")
register.simple_tag(bundle.sheet_url, name="page_sheet")
