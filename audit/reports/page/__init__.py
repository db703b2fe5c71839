"""The report as one page: a file that needs nothing beside it and asks the network for nothing."""

from audit.reports.page.galleries import no_pictures as no_pictures
from audit.reports.page.writing import PageWritten as PageWritten
from audit.reports.page.writing import check_installed as check_installed
from audit.reports.page.writing import write_page as write_page
