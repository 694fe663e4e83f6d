#pragma once

#include <string_view>

/// What the build embeds (cmake/embed_documentation.py): for as long as the program runs.
namespace volcanion::api {

std::string_view OpenApiDocument();  ///< Api/openapi.yaml as JSON
std::string_view DocumentationPage();
std::string_view DocumentationStyle();
std::string_view DocumentationScript();

}  // namespace volcanion::api
