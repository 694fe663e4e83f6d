#include "Api/Routes/DocumentationRoutes.h"

#include "Api/Documentation/Files.h"

#include <string>
#include <string_view>

namespace volcanion::api {
namespace {

// The page runs its own script and reads from this server; a text in the document that were taken for HTML would do
// nothing all the same.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

void Add(Router& router, std::string_view pattern, const char* media_type, std::string_view (*file)()) {
  router.Add("GET", pattern, Access::Anyone(), [media_type, file](Call call) {
    Response response{200, {}, std::string(file())};
    response.headers.Add("Content-Type", media_type);
    response.headers.Add("Content-Security-Policy", kPolicy);
    response.headers.Add("X-Content-Type-Options", "nosniff");
    response.headers.Add("Referrer-Policy", "no-referrer");
    response.headers.Add("Cache-Control", "no-cache");  // the next version of the program has another one
    call.answer.Send(std::move(response));
  });
}

}  // namespace

void AddDocumentationRoutes(Router& router) {
  Add(router, "/api/openapi.json", "application/json", OpenApiDocument);
  Add(router, "/api/docs", "text/html; charset=utf-8", DocumentationPage);
  Add(router, "/api/docs/page.css", "text/css; charset=utf-8", DocumentationStyle);
  Add(router, "/api/docs/page.js", "text/javascript; charset=utf-8", DocumentationScript);
}

}  // namespace volcanion::api
