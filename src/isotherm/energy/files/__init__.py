"""Files of models: a format a file; :mod:`.formats` tells them apart, :mod:`.read` reads them."""
