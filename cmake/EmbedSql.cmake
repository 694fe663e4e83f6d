# Builds the files of db/<store>/ into a program, so that it can migrate its stores without them.
#
#   embed_sql(<target> <store> <function>)
#
# adds to <target> a generated source that defines `std::span<const Migration> <function>()` of
# Infrastructure/Postgres/Migrations.h with all files db/<store>/NNNN_name.sql, in order. It is generated anew when a file
# is changed, added or removed. Numbers count from 0001 without a gap.
#
# The same file is the script that generates: cmake -D STORE=... -D FUNCTION=... -D FOLDER=... -D FILES=... -D OUTPUT=...

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(EMBED_SQL_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

  function(embed_sql target store function)
    set(folder ${PROJECT_SOURCE_DIR}/db/${store})
    set(output ${PROJECT_BINARY_DIR}/generated/${function}.cpp)
    file(GLOB files CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*.sql)
    list(TRANSFORM files PREPEND ${folder}/ OUTPUT_VARIABLE paths)
    list(JOIN files "," names) # part of the command, which runs again when it changes
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -D STORE=${store} -D FUNCTION=${function} -D FOLDER=${folder} -D FILES=${names}
              -D OUTPUT=${output} -P ${EMBED_SQL_SCRIPT}
      DEPENDS ${paths} ${EMBED_SQL_SCRIPT}
      COMMENT "Embedding db/${store}"
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endfunction()

  return()
endif()

string(REPLACE "," ";" files "${FILES}")
list(SORT files)
set(texts "")
set(rows "")
set(count 0)
foreach(file IN LISTS files)
  if(NOT file MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)[.]sql$")
    message(FATAL_ERROR "db/${STORE}/${file}: a migration is named NNNN_what_it_does.sql, in lower case")
  endif()
  set(digits ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  math(EXPR count "${count} + 1")
  string(REGEX REPLACE "^0+" "" number "${digits}")
  if(NOT number STREQUAL count)
    message(FATAL_ERROR "db/${STORE}/${file}: the ${count}. migration must have the number ${count}; "
                        "numbers count from 0001, each once, without a gap")
  endif()

  # As single characters: no literal has a limit of length then, and no text can end it.
  file(READ ${FOLDER}/${file} hex HEX)
  if(hex STREQUAL "")
    message(FATAL_ERROR "db/${STORE}/${file}: the file is empty")
  endif()
  string(REPEAT "[0-9a-f]" 32 line)
  string(REGEX REPLACE "(${line})" "\\1\n" characters "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," characters "${characters}")
  string(APPEND texts "\nconstexpr char kText${number}[] = {\n${characters}\n};\n")
  string(APPEND rows "    {${number}, \"${name}\", {kText${number}, sizeof kText${number}}},\n")
endforeach()
if(count EQUAL 0)
  message(FATAL_ERROR "db/${STORE} has no migrations")
endif()

file(WRITE ${OUTPUT} "// Generated from db/${STORE} by cmake/EmbedSql.cmake.

#include \"Infrastructure/Postgres/Migrations.h\"

namespace volcanion::infrastructure {
namespace {
${texts}
constexpr Migration kMigrations[] = {
${rows}};

}  // namespace

std::span<const Migration> ${FUNCTION}() { return kMigrations; }

}  // namespace volcanion::infrastructure
")
