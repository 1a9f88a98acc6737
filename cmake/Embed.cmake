# cmake -DPAGE=report.html -DOUT=page.cpp -P Embed.cmake: puts the files that the page names by <link> and <script src>
# in their place, and all of it into a string of C++.
get_filename_component(folder ${PAGE} DIRECTORY)
file(READ ${PAGE} page)
string(REGEX MATCHALL "<link rel=\"stylesheet\" href=\"[a-z]+\\.css\">|<script src=\"[a-z]+\\.js\"></script>"
       tags "${page}")
foreach(tag IN LISTS tags)
  string(REGEX MATCH "[a-z]+\\.(css|js)" name "${tag}")
  file(READ ${folder}/${name} text)
  if(name MATCHES "css$")
    string(REPLACE "${tag}" "<style>\n${text}</style>" page "${page}")
  else()
    string(REPLACE "${tag}" "<script>\n${text}</script>" page "${page}")
  endif()
endforeach()
file(WRITE ${OUT} "// Made from ${PAGE} by cmake/Embed.cmake.\n#include \"report/page.hpp\"\n\n"
     "namespace orionrt {\n\nconst char* const kReportPage = R\"page(${page})page\";\n\n}  // namespace orionrt\n")
