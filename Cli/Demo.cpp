#include "Cli/Demo.h"

#include "DemoSchema.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::Result;
using Values = std::map<std::string, std::string>;

struct DemoPartner {
  const char* name;
  const char* system;
  const char* variables;  ///< prefix in demo.env
};

/// The first gathers the strikes of all airlines: it is the one whose key the README uses.
constexpr std::array kPartners = {
    DemoPartner{"Wildlife Strike Register", "Strike report form", "VOLCANION_"},
    DemoPartner{"American Airlines", "Flight operations", "VOLCANION_DEMO_AMERICAN_"},
    DemoPartner{"Delta Air Lines", "Flight operations", "VOLCANION_DEMO_DELTA_"},
    DemoPartner{"Southwest Airlines", "Flight operations", "VOLCANION_DEMO_SOUTHWEST_"},
    DemoPartner{"United Airlines", "Flight operations", "VOLCANION_DEMO_UNITED_"},
};

constexpr char kEventName[] = "wildlife_strike_reported";
const application::Author kAuthor = {"volcanion up", ""};

class DemoMaker {
 public:
  DemoMaker(Surroundings& around, Management& management, People& people, Values before)
      : around_(around), management_(management), people_(people), before_(std::move(before)) {}

  Result<Values> Make() {
    if (auto refreshed = management_.directory.Refresh(); !refreshed) return std::move(refreshed).error();
    auto marked = people_.demo_credentials.ListPartners();
    if (!marked) return std::move(marked).error();
    FindPartners(*marked);
    for (const auto& demo : kPartners) {
      if (auto made = MakePartner(demo); !made) return std::move(made).error();
    }
    if (auto made = MakeAdminToken(); !made) return std::move(made).error();
    if (auto made = MakeAdmin(); !made) return std::move(made).error();
    return values_;
  }

 private:
  std::shared_ptr<const application::Directory> Known() const { return management_.directory.Current(); }

  /// The id that the file of the last start has under this name.
  template <typename Id>
  std::optional<Id> KeptId(const DemoPartner& demo, const char* name) const {
    const auto kept = before_.find(demo.variables + std::string(name));
    return kept == before_.end() ? std::nullopt : Id::Parse(kept->second);
  }

  /// An admin may have given them other names: those of the file's ids first. Without the file those that are marked,
  /// by name; then the marked ones that are left, in the order in which they were made.
  void FindPartners(const std::vector<domain::PartnerId>& marked) {
    const auto directory = Known();
    marked_.insert(marked.begin(), marked.end());
    std::set<domain::PartnerId> taken;
    const auto find_by = [&](auto find) {
      for (const auto& demo : kPartners) {
        if (partners_.contains(demo.variables)) continue;
        const std::optional<domain::PartnerId> id = find(demo);
        if (id && taken.insert(*id).second) partners_.emplace(demo.variables, *id);
      }
    };
    const auto by_name = [&](const DemoPartner& demo) {
      const auto* named = directory->FindPartnerNamed(demo.name);
      return named == nullptr ? std::nullopt : std::optional(named->id);
    };
    find_by([&](const DemoPartner& demo) {
      const auto id = KeptId<domain::PartnerId>(demo, "PARTNER_ID");
      return id && directory->HasPartner(*id) ? id : std::nullopt;
    });
    find_by([&](const DemoPartner& demo) {
      const auto id = by_name(demo);
      return id && marked_.contains(*id) ? id : std::nullopt;
    });
    find_by([&](const DemoPartner&) {
      const auto left = std::ranges::find_if(marked, [&](const auto& id) { return !taken.contains(id); });
      return left == marked.end() ? std::nullopt : std::optional(*left);
    });
    find_by(by_name);  // names are unique
  }

  Result<domain::PartnerId> FindOrCreatePartner(const DemoPartner& demo) {
    if (const auto found = partners_.find(demo.variables); found != partners_.end()) return found->second;
    auto created = management_.create_partner.Handle({.name = demo.name, .author = kAuthor});
    if (!created) return std::move(created).error();
    return created->id();
  }

  Result<domain::PartnerSystemId> FindOrRegisterSystem(const DemoPartner& demo, domain::PartnerId partner) {
    const auto directory = Known();
    const auto kept = KeptId<domain::PartnerSystemId>(demo, "PARTNER_SYSTEM_ID");
    const auto systems = directory->SystemsOf(partner);
    for (const auto* system : systems) {
      if (system->id == kept) return system->id;
    }
    if (const auto* named = directory->FindSystemNamed(partner, demo.system)) return named->id;
    // Renamed: the demo has made the first one of its partner. A partner that was somebody else's gets another one.
    if (marked_.contains(partner) && !systems.empty()) return systems.front()->id;
    auto registered = management_.register_system.Handle({.partner = partner, .name = demo.system, .author = kAuthor});
    if (!registered) return std::move(registered).error();
    return registered->id();
  }

  /// The key of the last start, when it is still good for this system; else a new one.
  Result<std::string> KeepOrIssueKey(const DemoPartner& demo, domain::PartnerId partner,
                                     domain::PartnerSystemId system) {
    const auto& kept = before_[demo.variables + std::string("API_KEY")];
    const auto sender = Known()->FindSender(around_.secrets.Hash(kept), around_.clock.Now());
    if (!kept.empty() && sender && sender->system == system) return kept;
    auto issued =
        management_.issue_key.Handle({.partner = partner, .system = system, .name = "demo", .author = kAuthor});
    if (!issued) return std::move(issued).error();
    return issued->secret;
  }

  /// Made once. What an admin has made of it since stays as it is, retired too.
  Result<domain::Done> PublishStructureIfMissing(domain::PartnerId partner) {
    const auto found = management_.structures.List({.partner = partner, .event_name = kEventName, .limit = 1});
    if (!found) return found.error();
    if (!found->items.empty()) return domain::Done{};
    auto published = management_.publish_structure.Handle(
        {{partner, kEventName}, std::string(kDemoSchema), domain::StructureState::kActive, {}, kAuthor});
    return published ? Result<domain::Done>(domain::Done{}) : std::move(published).error();
  }

  Result<domain::Done> MakePartner(const DemoPartner& demo) {
    const auto partner = FindOrCreatePartner(demo);
    if (!partner) return partner.error();
    if (auto marked = people_.demo_credentials.MarkPartner(*partner); !marked) return marked;
    const auto system = FindOrRegisterSystem(demo, *partner);
    if (!system) return system.error();
    const auto key = KeepOrIssueKey(demo, *partner, *system);
    if (!key) return key.error();
    if (auto published = PublishStructureIfMissing(*partner); !published) return published;
    const std::string prefix = demo.variables;
    values_[prefix + "PARTNER_ID"] = partner->ToString();
    values_[prefix + "PARTNER_SYSTEM_ID"] = system->ToString();
    values_[prefix + "API_KEY"] = *key;
    return domain::Done{};
  }

  Result<domain::Done> MakeAdminToken() {
    constexpr char kVariable[] = "VOLCANION_ADMIN_TOKEN";
    const auto& kept = before_[kVariable];
    if (!kept.empty() && Known()->IsAdminToken(around_.secrets.Hash(kept))) {
      values_[kVariable] = kept;
      return domain::Done{};
    }
    auto secret = around_.secrets.NewAdminToken();
    if (auto added = AddAdminToken(management_.store, "demo", secret, kAuthor); !added) return added;
    if (auto marked = people_.demo_credentials.MarkAdminToken(secret.hash); !marked) return marked;
    values_[kVariable] = secret.text;
    return management_.directory.Refresh();
  }

  /// A platform admin who can log in, with the password of the last start; with a new one when the file has none.
  Result<domain::Done> MakeAdmin() {
    constexpr char kEmail[] = "VOLCANION_DEMO_ADMIN_EMAIL";
    constexpr char kPassword[] = "VOLCANION_DEMO_ADMIN_PASSWORD";
    values_[kEmail] = "admin@demo.example";
    values_[kPassword] = before_[kPassword];
    const bool is_known = Known()->FindPersonByEmail(values_[kEmail]).has_value();
    if (is_known && !values_[kPassword].empty()) return domain::Done{};
    values_[kPassword] = around_.secrets.NewOneTimeToken().text;
    if (is_known) return ResetPassword(values_[kEmail], values_[kPassword]);
    auto created = people_.create_platform_admin.Handle({values_[kEmail], values_[kPassword], true, kAuthor});
    if (created || created.error().kind != domain::ErrorKind::kConflict) return created;
    values_.erase(kEmail);  // deactivated: nobody logs in as that one
    values_.erase(kPassword);
    return domain::Done{};
  }

  Result<domain::Done> ResetPassword(const std::string& email, const std::string& password) {
    const auto parsed = domain::Email::Parse(email);
    if (!parsed) return parsed.error();
    const auto now = around_.clock.Now();
    const auto link = around_.secrets.NewOneTimeToken();
    const auto started = people_.store.StartReset(*parsed, link.hash, now, now + application::kResetLifetime);
    if (!started) return started.error();
    return people_.reset_password.Handle({link.text, password, kAuthor});
  }

  Surroundings& around_;
  Management& management_;
  People& people_;
  Values before_;
  std::map<std::string, domain::PartnerId> partners_;  // by their variables
  std::set<domain::PartnerId> marked_;                 // before this start
  Values values_;
};

std::string UrlHost(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::filesystem::path DemoFile(const infrastructure::Settings& settings) { return settings.data_dir / "demo.env"; }

Result<Demo> MakeDemo(const infrastructure::Settings& settings, Surroundings& around, Management& management,
                      People& people, std::uint16_t port) {
  const auto file = DemoFile(settings);
  auto before = infrastructure::ReadEnvFile(file);  // missing at the first start
  auto values = DemoMaker(around, management, people, before ? std::move(before->values) : Values{}).Make();
  if (!values) return std::move(values).error();
  (*values)["VOLCANION_URL"] = "http://" + UrlHost(settings.listen.host) + ":" + std::to_string(port);
  std::string text = "# Written by `volcanion up`: what clients of its demo need. Keys and tokens are secrets.\n";
  for (const auto& [name, value] : *values) text += name + "=" + value + "\n";
  WritePrivateFile(file, text);
  return Demo{file, (*values)["VOLCANION_PARTNER_SYSTEM_ID"]};
}

}  // namespace volcanion::cli
