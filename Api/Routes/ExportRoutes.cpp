#include "Api/Routes/ExportRoutes.h"

#include "Api/Http/BodySource.h"
#include "Api/Http/Gzip.h"
#include "Api/Json/EventLines.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/RunBlocking.h"
#include "Api/Routes/AsOf.h"
#include "Api/Routes/EventQuestion.h"
#include "Application/Queries/EventCursor.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::api {
namespace {

using application::FindEvents;
using domain::Result;

// A page of these is made while the client reads the one before.
constexpr int kPageRows = 500;
constexpr int kUnlimited = std::numeric_limits<int>::max();

enum class Format { kNdjson, kCsv };

/// What is asked for.
struct Plan {
  FindEvents question;  ///< its limit is that of the export
  Format format = Format::kNdjson;
  CsvCells cells = CsvCells::kGuarded;
  bool has_header = true;
  Patience patience;
};

/// Who asks, and whether he still may.
struct Caller {
  std::string token;
  Access access;
  domain::PartnerId owner;
  std::string correlation_id;

  bool StillMay(const Authentication& authentication) const {
    const auto principal = authentication.PrincipalOf(token);
    return principal && StandingOf(*principal, access, owner) == Standing::kAllowed;
  }
};

/// An export under way: a page of its question at a time, each read in a transaction of its own.
class EventExport final : public BodySource, public std::enable_shared_from_this<EventExport> {
 public:
  EventExport(const ExportServices& services, ExportPlaces::Place place, Plan plan, Caller caller,
              application::Log& log)
      : services_(services),
        place_(std::move(place)),
        plan_(std::move(plan)),
        caller_(std::move(caller)),
        log_(log),
        left_(plan_.question.query.limit == kUnlimited ? std::nullopt : std::optional(plan_.question.query.limit)) {}

  struct Piece {
    std::string lines;
    bool is_last = false;
    application::Freshness as_of;
  };
  /// Blocks. Not by two threads at once.
  Result<Piece> Make() {
    auto page = plan_.question;
    page.query.limit = std::min(left_.value_or(kPageRows), kPageRows);
    const auto found = services_.find_events.Handle(std::move(page));
    if (!found) return found.error();
    Piece piece{"", false, found->as_of};
    for (const auto& event : found->items) {
      const auto cursor =
          application::WriteCursor(plan_.question.query, {event.event_timestamp, event.tracking_event_id});
      if (plan_.format == Format::kCsv)
        AppendCsv(event, cursor, plan_.cells, piece.lines);
      else
        AppendNdjson(event, cursor, piece.lines);
    }
    if (left_) *left_ -= static_cast<int>(found->items.size());
    plan_.question.cursor = found->next_cursor;
    piece.is_last = !found->next_cursor || left_ == 0;
    return piece;
  }

  /// From now on pieces are packed.
  void PackFromNow() { packer_.emplace(); }
  std::string Packed(std::string lines, bool is_last) {
    return packer_ ? packer_->Pack(lines, is_last) : std::move(lines);
  }

  void Next(PieceSink sink) override {
    const auto box = std::make_shared<PieceSink>(std::move(sink));  // std::function wants to be copyable
    // Dropped where it is not taken: the server stops.
    (void)services_.exporting.Submit([self = shared_from_this(), box] { self->Produce(*box); });
  }

 private:
  /// Leaves the sink unused when there is no next piece to be had: the answer is broken off.
  void Produce(PieceSink& sink) {
    try {
      // It may take longer than tokens and memberships last.
      if (!caller_.StillMay(services_.authentication)) return LogEnd("the caller may not read these events any more");
      auto piece = Make();
      if (!piece) return LogEnd(piece.error().message);
      auto bytes = Packed(std::move(piece->lines), piece->is_last);
      piece->is_last ? std::move(sink).SendLast(std::move(bytes)) : std::move(sink).Send(std::move(bytes));
    } catch (const std::exception& error) {
      LogEnd(error.what());
    }
  }

  void LogEnd(std::string_view reason) const {
    log_.Warning("an export was broken off",
                 {{"correlationId", std::string_view(caller_.correlation_id)}, {"reason", reason}});
  }

  const ExportServices services_;
  const ExportPlaces::Place place_;
  Plan plan_;  // with the cursor of what comes next
  const Caller caller_;
  application::Log& log_;
  std::optional<int> left_;  // of its limit
  std::optional<GzipPacker> packer_;
};

Format ReadFormat(QueryReader& parameters) {
  const auto text = parameters.Text("format");
  if (text && *text != "ndjson" && *text != "csv") parameters.Note("format", "wrong_value", "must be ndjson or csv");
  return text == "csv" ? Format::kCsv : Format::kNdjson;
}

Result<Plan> ReadPlan(const Call& call, FindEvents question) {
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  Plan plan;
  plan.question = std::move(question);
  plan.question.query.partner = call.owner;
  plan.question.query.limit = kUnlimited;
  ReadEventQuestion(*parameters, plan.question);
  if (plan.question.query.limit < 1) parameters->Note("limit", "out_of_range", "must be at least 1");
  plan.patience = ReadPatience(*parameters);
  plan.format = ReadFormat(*parameters);
  const auto header = parameters->Boolean("header");
  const auto guards = parameters->Boolean("guardFormulas");
  if (plan.format != Format::kCsv) {
    if (header) parameters->Note("header", "wrong_value", "belongs to format=csv");
    if (guards) parameters->Note("guardFormulas", "wrong_value", "belongs to format=csv");
  }
  plan.has_header = header.value_or(!plan.question.cursor);  // what goes on can be put behind what there is
  plan.cells = guards.value_or(true) ? CsvCells::kGuarded : CsvCells::kExact;
  if (auto read = parameters->Finish(); !read) return std::move(read).error();
  return plan;
}

void AddHeaders(const Plan& plan, const std::string& name, Response& response) {
  const bool is_csv = plan.format == Format::kCsv;
  response.headers.Add("Content-Type", !is_csv           ? "application/x-ndjson"
                                       : plan.has_header ? "text/csv; charset=utf-8; header=present"
                                                         : "text/csv; charset=utf-8; header=absent");
  response.headers.Add("Content-Disposition",
                       "attachment; filename=\"events-" + name + (is_csv ? ".csv\"" : ".ndjson\""));
  response.headers.Add("Cache-Control", "no-store");
}

/// On a thread of the exports: answers with the first page, and has the others follow. What is wrong with the question
/// or the store is told while it still can be.
void Begin(const ExportServices& services, const Call& call, const Access& access, const Plan& plan,
           ExportPlaces::Place place) {
  const auto& headers = call.request.headers;
  const auto made = std::make_shared<EventExport>(
      services, std::move(place), plan,
      Caller{CredentialOf(headers).value_or(""), access, call.owner, call.answer.correlation_id()},
      call.answer.settings().log);
  auto first = made->Make();
  if (!first) return call.answer.SendProblem(first.error());
  Response response;
  AddHeaders(plan, call.path_parameters[0], response);
  response.headers.Add("X-As-Of", AsOfHeader(first->as_of, services.readings.clock.Now()));
  if (plan.format == Format::kCsv && plan.has_header) first->lines.insert(0, CsvHeader());
  if (!first->is_last) {
    response.headers.Add("Vary", "Accept-Encoding");
    if (AcceptsGzip(headers)) {
      response.headers.Add("Content-Encoding", "gzip");
      made->PackFromNow();
    }
    response.rest = made;
  }
  response.body = made->Packed(std::move(first->lines), false);
  call.answer.Send(std::move(response));
}

/// On a thread that may block.
void Start(const ExportServices& services, const Access& access, Call& given, FindEvents question) {
  auto read = ReadPlan(given, std::move(question));
  if (!read) return given.answer.SendProblem(read.error());
  auto taken = services.places.Take(given.owner);
  if (!taken) return given.answer.SendProblem(taken.error());
  const auto place = std::make_shared<ExportPlaces::Place>(*std::move(taken));
  const auto patience = read->patience;
  const auto call = std::make_shared<Call>(given);  // the one that is given is answered when something is thrown
  const auto begin = [services, access, call, place, plan = *std::move(read)](bool in_time) {
    // A file that lacks what was waited for is nothing to be taken for the whole.
    if (!in_time) {
      return call->answer.SendProblem(504, "The read store does not reflect that position yet. Try again later.");
    }
    RunBlocking(services.exporting, *call, [services, access, place, plan](Call& running) {
      Begin(services, running, access, plan, std::move(*place));
    });
  };
  WaitForPosition(services.readings, patience, call, begin);
}

}  // namespace

void AddExportRoutes(GuardedRoutes& routes, const ExportServices& services) {
  const auto of_system = Access::Member(Access::Owner::kSystem, domain::Scope::kEventsRead);
  routes.AddAnswering("GET", "/api/events/partner-system/{id}/export", of_system, [services, of_system](Call& call) {
    const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
    if (!system) return call.answer.SendProblem(system.error());
    FindEvents question;
    question.query.systems = {*system};
    Start(services, of_system, call, std::move(question));
  });
  const auto of_partner = Access::Member(Access::Owner::kPartner, domain::Scope::kEventsRead);
  routes.AddAnswering("GET", "/api/events/partner/{id}/export", of_partner, [services, of_partner](Call& call) {
    const auto partner = PathId<domain::PartnerId>(call, "partner");
    if (!partner) return call.answer.SendProblem(partner.error());
    FindEvents question;
    question.query.is_of_all_systems = true;
    Start(services, of_partner, call, std::move(question));
  });
}

}  // namespace volcanion::api
