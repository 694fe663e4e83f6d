#include "Infrastructure/Config/Settings.h"

#include "Application/IpNetwork.h"
#include "Domain/Email.h"
#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Redis/RedisCache.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <regex>
#include <sstream>
#include <utility>

extern "C" char** environ;  // NOLINT: POSIX

namespace volcanion::infrastructure {
namespace {

/// Variables that clients of the server read (demo.env); the server has no use for them.
constexpr std::array kClientVariables = {
    "VOLCANION_URL",           "VOLCANION_API_KEY", "VOLCANION_PARTNER_ID", "VOLCANION_PARTNER_SYSTEM_ID",
    "VOLCANION_ADMIN_TOKEN",   "VOLCANION_TOKEN",   "VOLCANION_PROFILE",    "VOLCANION_CONFIG",
    "VOLCANION_ADMIN_PASSWORD"};
constexpr std::string_view kClientPrefix = "VOLCANION_DEMO_";

/// What is wrong with a text; nothing when it was read into the field.
using Mistake = std::optional<std::string>;

struct Setting {
  std::string name;
  std::string meaning;
  std::function<Mistake(Settings&, const std::string&)> read;
  std::function<std::string(const Settings&)> show;
  bool is_secret = false;  ///< its value is not repeated
};

Mistake ReadNumber(const std::string& text, std::int64_t least, std::int64_t most, std::int64_t& number) {
  const auto end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || number < least || number > most) {
    return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  return std::nullopt;
}

template <typename Integer>
Setting Number(std::string name, Integer Settings::*field, std::int64_t least, std::int64_t most, std::string meaning) {
  return {std::move(name), std::move(meaning),
          [=](Settings& settings, const std::string& text) {
            std::int64_t number = 0;
            auto mistake = ReadNumber(text, least, most, number);
            if (!mistake) settings.*field = static_cast<Integer>(number);
            return mistake;
          },
          [=](const Settings& settings) { return std::to_string(settings.*field); }};
}

Setting Millis(std::string name, std::chrono::milliseconds Settings::*field, std::int64_t least, std::string meaning) {
  constexpr std::int64_t kHour = 3'600'000;
  return {std::move(name), std::move(meaning) + ", in milliseconds",
          [=](Settings& settings, const std::string& text) {
            std::int64_t number = 0;
            auto mistake = ReadNumber(text, least, kHour, number);
            if (!mistake) settings.*field = std::chrono::milliseconds(number);
            return mistake;
          },
          [=](const Settings& settings) { return std::to_string((settings.*field).count()); }};
}

Setting Seconds(std::string name, std::chrono::seconds Settings::*field, std::int64_t least, std::int64_t most,
                std::string meaning) {
  return {std::move(name), std::move(meaning) + ", in seconds",
          [=](Settings& settings, const std::string& text) {
            std::int64_t number = 0;
            auto mistake = ReadNumber(text, least, most, number);
            if (!mistake) settings.*field = std::chrono::seconds(number);
            return mistake;
          },
          [=](const Settings& settings) { return std::to_string((settings.*field).count()); }};
}

Setting Text(std::string name, std::string Settings::*field, std::string meaning) {
  return {std::move(name), std::move(meaning),
          [=](Settings& settings, const std::string& text) -> Mistake {
            settings.*field = text;
            return std::nullopt;
          },
          [=](const Settings& settings) { return settings.*field; }};
}

/// A list, separated by commas; each entry must be one that `is_entry` takes.
Setting List(std::string name, std::vector<std::string> Settings::*field, bool (*is_entry)(const std::string&),
             std::string what_it_must_be, std::string meaning) {
  return {std::move(name), std::move(meaning),
          [=](Settings& settings, const std::string& text) -> Mistake {
            (settings.*field).clear();
            std::istringstream entries(text);
            for (std::string entry; std::getline(entries, entry, ',');) {
              while (entry.starts_with(' ')) entry.erase(0, 1);
              while (entry.ends_with(' ')) entry.pop_back();
              if (!is_entry(entry)) return "must be " + what_it_must_be + ", separated by commas";
              (settings.*field).push_back(std::move(entry));
            }
            return std::nullopt;
          },
          [=](const Settings& settings) {
            std::string text;
            for (const auto& entry : settings.*field) text += (text.empty() ? "" : ",") + entry;
            return text;
          }};
}

bool IsOrigin(const std::string& text) {
  const auto scheme = text.find("://");
  return text == "*" || (scheme != std::string::npos && scheme > 0 && scheme + 3 < text.size() &&
                         text.find('/', scheme + 3) == std::string::npos);
}

bool IsNetwork(const std::string& text) { return application::IpNetwork::Parse(text).has_value(); }

Setting Address(std::string name, ListenAddress Settings::*field, std::string meaning) {
  return {std::move(name), std::move(meaning),
          [=](Settings& settings, const std::string& text) -> Mistake {
            const auto colon = text.rfind(':');
            std::int64_t port = 0;
            if (colon == std::string::npos || colon == 0 || ReadNumber(text.substr(colon + 1), 0, 65'535, port)) {
              return "must be ADDRESS:PORT, such as 127.0.0.1:8080";
            }
            auto host = text.substr(0, colon);
            if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
            if (!application::ParseIpAddress(host))
              return "must begin with a numeric address, such as 127.0.0.1 or [::1]";
            settings.*field = {std::move(host), static_cast<std::uint16_t>(port)};
            return std::nullopt;
          },
          [=](const Settings& settings) {
            const auto& address = settings.*field;
            const bool is_ipv6 = address.host.find(':') != std::string::npos;
            return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
          }};
}

template <typename Enum, std::size_t size>
Setting Choice(std::string name, Enum Settings::*field, std::array<std::pair<const char*, Enum>, size> choices,
               std::string meaning) {
  std::string names;
  for (const auto& [text, value] : choices) names += (names.empty() ? "" : ", ") + std::string(text);
  return {std::move(name), std::move(meaning) + ": " + names,
          [=](Settings& settings, const std::string& text) -> Mistake {
            for (const auto& [choice, value] : choices) {
              if (text != choice) continue;
              settings.*field = value;
              return std::nullopt;
            }
            return "must be one of " + names;
          },
          [=](const Settings& settings) -> std::string {
            for (const auto& [choice, value] : choices) {
              if (settings.*field == value) return choice;
            }
            return "";
          }};
}

std::string MaskPassword(const std::string& connection_string) {
  static const std::regex kInUri("(://[^:/@]*:)[^@]*@");
  // Quoted (and perhaps never closed), or up to white space or the next parameter of a URI; a backslash takes one more.
  static const std::regex kInPairs(R"((password\s*=\s*)('([^'\\]|\\.)*'?|([^\s&\\]|\\.)+))", std::regex::icase);
  return std::regex_replace(std::regex_replace(connection_string, kInUri, "$1***@"), kInPairs, "$1***");
}

Setting Dsn(std::string name, std::string Settings::*field, std::string meaning) {
  return {std::move(name), std::move(meaning),
          [=](Settings& settings, const std::string& text) -> Mistake {
            settings.*field = text;
            if (text.empty()) return std::nullopt;
            const auto readable = CompleteConnectionString(text);
            return readable ? std::nullopt : Mistake("cannot be read. " + readable.error().message);
          },
          [=](const Settings& settings) { return MaskPassword(settings.*field); }, true};
}

const std::vector<Setting>& AllSettings() {
  constexpr std::int64_t kMebibyte = 1024 * 1024;
  static const std::vector<Setting> kSettings = {
      Address("VOLCANION_LISTEN", &Settings::listen,
              "numeric address and port of the public API; port 0 takes a free one"),
      Address("VOLCANION_ADMIN_LISTEN", &Settings::admin_listen, "the same for /health and /metrics"),
      {"VOLCANION_DATA_DIR", "folder of the private PostgreSQL and of demo.env; relative to where the command is run",
       [](Settings& settings, const std::string& text) -> Mistake {
         if (text.empty()) return "must not be empty";
         settings.data_dir = text;
         return std::nullopt;
       },
       [](const Settings& settings) { return settings.data_dir.string(); }},
      Dsn("VOLCANION_WRITE_DSN", &Settings::write_dsn,
          "PostgreSQL connection string of the write store; empty: the private PostgreSQL"),
      Dsn("VOLCANION_READ_DSN", &Settings::read_dsn,
          "PostgreSQL connection string of the read store; empty: the private PostgreSQL"),
      Choice("VOLCANION_DEMO", &Settings::demo, std::array{std::pair{"true", true}, std::pair{"false", false}},
             "whether `up` makes demo partners, a platform admin and an administrator's token"),

      Number("VOLCANION_HTTP_WORKERS", &Settings::http_workers, 1, 256, "threads that serve connections"),
      Number("VOLCANION_MAX_CONNECTIONS", &Settings::max_connections, 1, 1'000'000, "open client connections"),
      List("VOLCANION_CORS_ORIGINS", &Settings::cors_origins, IsOrigin, "origins such as https://shop.example, or *",
           "web pages that may use the API from a browser; empty: none"),
      List("VOLCANION_TRUSTED_PROXIES", &Settings::trusted_proxies, IsNetwork,
           "numeric addresses or networks such as 10.0.0.0/8",
           "proxies whose X-Forwarded-For or Forwarded is believed; empty: none"),
      Choice("VOLCANION_FORWARDED_HEADER", &Settings::forwarded_header,
             std::array{std::pair{"either", ProxyHeader::kEither},
                        std::pair{"x-forwarded-for", ProxyHeader::kXForwardedFor},
                        std::pair{"forwarded", ProxyHeader::kForwarded}},
             "which of the two the proxies set; either: X-Forwarded-For where it is there"),
      Number("VOLCANION_MAX_TARGET_BYTES", &Settings::max_target_bytes, 256, kMebibyte, "longest request target (414)"),
      Number("VOLCANION_MAX_HEADER_BYTES", &Settings::max_header_bytes, 1024, kMebibyte,
             "request line and headers (431)"),
      Number("VOLCANION_MAX_HEADER_FIELDS", &Settings::max_header_fields, 10, 10'000, "headers of a request (431)"),
      Number("VOLCANION_MAX_REQUESTS", &Settings::max_requests, 1, 1'000'000, "requests in hand before 503"),
      Number("VOLCANION_MAX_BUFFERED_BYTES", &Settings::max_buffered_bytes, 1024, 64 * 1024 * kMebibyte,
             "of bodies being read or in hand before large ones get 503"),
      Number("VOLCANION_MAX_UNSENT_BYTES", &Settings::max_unsent_bytes, 1024, 64 * 1024 * kMebibyte,
             "of large answers being sent before slow readers are dropped"),
      Number("VOLCANION_MAX_BODY_BYTES", &Settings::max_body_bytes, 1024, 1024 * kMebibyte,
             "largest request body, unpacked too"),
      Number("VOLCANION_MAX_EVENT_BYTES", &Settings::max_event_bytes, 256, 64 * kMebibyte, "largest single event"),
      Number("VOLCANION_MAX_BATCH_EVENTS", &Settings::max_batch_events, 1, 100'000, "events in one batch"),
      Millis("VOLCANION_HEADER_TIMEOUT_MS", &Settings::header_timeout, 10, "for a request's headers to arrive"),
      Millis("VOLCANION_BODY_TIMEOUT_MS", &Settings::body_timeout, 10, "for a request's body to arrive"),
      Number("VOLCANION_MIN_BODY_RATE", &Settings::min_body_rate, 1, 1024 * kMebibyte,
             "bytes a second at which a body may take longer than that"),
      Millis("VOLCANION_IDLE_TIMEOUT_MS", &Settings::idle_timeout, 10, "a connection may stay unused"),
      Millis("VOLCANION_WRITE_TIMEOUT_MS", &Settings::write_timeout, 10, "for a client to take a large answer"),
      Number("VOLCANION_MIN_READ_RATE", &Settings::min_read_rate, 1, 1024 * kMebibyte,
             "bytes a second at which that may take longer"),
      Millis("VOLCANION_DRAIN_DELAY_MS", &Settings::drain_delay, 0,
             "between readiness going off and the listener closing, when stopping"),
      Millis("VOLCANION_DRAIN_TIMEOUT_MS", &Settings::drain_timeout, 0, "for requests under way when stopping"),

      Number("VOLCANION_COMMITTERS", &Settings::committers, 1, 64, "connections that commit events at the same time"),
      Number("VOLCANION_MAX_QUEUED_EVENTS", &Settings::max_queued_events, 1, 10'000'000,
             "events waiting to be committed before 503"),
      Number("VOLCANION_MAX_QUEUED_BYTES", &Settings::max_queued_bytes, 1024, 16 * 1024 * kMebibyte,
             "their bytes before 503"),
      Millis("VOLCANION_MAX_COMMIT_WAIT_MS", &Settings::max_commit_wait, 100,
             "an event waits for its commit before 503"),

      Number("VOLCANION_WRITE_POOL", &Settings::write_pool, 1, 1'000, "connections to the write store for management"),
      Number("VOLCANION_READ_POOL", &Settings::read_pool, 1, 1'000,
             "connections to the read store for queries, and threads that run them"),
      Number("VOLCANION_MAX_QUEUED_QUERIES", &Settings::max_queued_queries, 1, 1'000'000,
             "queries waiting for a thread before 503"),
      Number("VOLCANION_EXPORT_THREADS", &Settings::export_threads, 1, 256,
             "connections to the read store for exports, and threads that make them"),
      Number("VOLCANION_MAX_EXPORTS", &Settings::max_exports, 1, 100'000, "exports under way before 503"),
      Number("VOLCANION_MAX_PARTNER_EXPORTS", &Settings::max_partner_exports, 1, 100'000,
             "exports of one partner under way before 429"),
      Millis("VOLCANION_QUERY_TIMEOUT_MS", &Settings::query_timeout, 10, "for one query to the read store"),
      Number("VOLCANION_MAX_PAGE_BYTES", &Settings::max_page_bytes, 1024, 1024 * kMebibyte, "properties on one page"),
      Number("VOLCANION_ANALYSIS_POOL", &Settings::analysis_pool, 1, 256,
             "connections to the read store for analyses, and threads that run them"),
      Number("VOLCANION_ANALYSES_PER_PARTNER", &Settings::analyses_per_partner, 1, 256,
             "analyses of one partner at the same time"),
      Number("VOLCANION_MAX_QUEUED_ANALYSES", &Settings::max_queued_analyses, 1, 10'000,
             "analyses of one partner waiting for those before 503"),
      Millis("VOLCANION_ANALYSIS_TIMEOUT_MS", &Settings::analysis_timeout, 10, "for one analysis in the read store"),
      Number("VOLCANION_MAX_ANALYSIS_BYTES", &Settings::max_analysis_bytes, 1024 * 1024, 64 * 1024 * kMebibyte,
             "of this process's memory for the rows of one analysis before 413"),
      Millis("VOLCANION_DIRECTORY_POLL_MS", &Settings::directory_poll, 10,
             "between looks for changed keys and structures"),
      Number("VOLCANION_MAX_AUTH_FAILURES", &Settings::max_auth_failures, 1, 1'000'000,
             "bad keys and tokens from one address in a minute before 429"),
      Millis("VOLCANION_KEY_USE_INTERVAL_MS", &Settings::key_use_interval, 10,
             "between notes of when API keys were last used"),

      Seconds("VOLCANION_ACCESS_TOKEN_SECONDS", &Settings::access_token_lifetime, 1, 3'600,
              "people's access tokens are good"),
      Seconds("VOLCANION_SIGNING_KEY_SECONDS", &Settings::signing_key_lifetime, 3'600, 366 * 24 * 3'600,
              "a key signs access tokens before a new one takes its place"),
      Text("VOLCANION_SIGNING_KEY_FILE", &Settings::signing_key_file,
           "file with the keys that seal signing keys in the write store; empty: signing.key in the data directory, if "
           "there is one"),
      Text("VOLCANION_OIDC_ISSUER", &Settings::oidc_issuer,
           "external issuer whose tokens are taken: the iss in them; empty: none"),
      Text("VOLCANION_OIDC_AUDIENCE", &Settings::oidc_audience, "the aud that its tokens must have"),
      Text("VOLCANION_OIDC_JWKS", &Settings::oidc_jwks, "its keys: a file, or a URL that begins with https://"),

      Text("VOLCANION_SMTP_URL", &Settings::smtp_url,
           "mail server for invitations and new passwords: smtps://HOST[:PORT], or smtp://HOST[:PORT] with STARTTLS; "
           "empty: none"),
      Text("VOLCANION_SMTP_FROM", &Settings::smtp_from, "the address that messages come from"),
      Text("VOLCANION_SMTP_USER", &Settings::smtp_user, "who logs in at the mail server; empty: nobody"),
      {"VOLCANION_SMTP_PASSWORD", "with this password",
       [](Settings& settings, const std::string& text) -> Mistake {
         settings.smtp_password = text;
         return std::nullopt;
       },
       [](const Settings& settings) { return std::string(settings.smtp_password.empty() ? "" : "***"); }, true},
      Text("VOLCANION_SMTP_CA_FILE", &Settings::smtp_ca_file,
           "file with the certificates of who vouches for the mail server, in PEM; empty: whom the system believes"),

      Number("VOLCANION_CACHE_BYTES", &Settings::cache_bytes, 0, 1024 * 1024 * kMebibyte,
             "of answers that are kept in memory; 0: none"),
      {"VOLCANION_REDIS_URL", "Redis that keeps answers for all processes; empty: each keeps its own",
       [](Settings& settings, const std::string& text) -> Mistake {
         settings.redis_url = text;
         if (text.empty() || RedisAddress::Parse(text)) return std::nullopt;
         return "must be redis://[:PASSWORD@]HOST[:PORT][/DATABASE] or unix:PATH";
       },
       [](const Settings& settings) { return MaskPassword(settings.redis_url); }, true},
      Millis("VOLCANION_CACHE_STALENESS_MS", &Settings::cache_staleness, 0,
             "an answer may still be given after the read store has changed"),

      Number("VOLCANION_SYNC_WORKERS", &Settings::sync_workers, 1, 64, "threads that project events"),
      Millis("VOLCANION_POLL_INTERVAL_MS", &Settings::poll_interval, 1, "between looks at an empty outbox"),

      Choice("VOLCANION_LOG_LEVEL", &Settings::log_level,
             std::array{std::pair{"debug", LogLevel::kDebug}, std::pair{"info", LogLevel::kInfo},
                        std::pair{"warning", LogLevel::kWarning}, std::pair{"error", LogLevel::kError}},
             "least level that is logged"),
      Choice("VOLCANION_LOG_FORMAT", &Settings::log_format,
             std::array{std::pair{"json", LogStyle::kJson}, std::pair{"text", LogStyle::kText}}, "form of a log line"),
  };
  return kSettings;
}

const Setting* FindSetting(const std::string& name) {
  const auto& all = AllSettings();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& setting) { return setting.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool IsClientVariable(const std::string& name) {
  return name.starts_with(kClientPrefix) ||
         std::find(kClientVariables.begin(), kClientVariables.end(), name) != kClientVariables.end();
}

void Apply(Settings& settings, const std::map<std::string, std::string>& values, const std::string& source,
           std::vector<domain::Fault>& mistakes) {
  for (const auto& [name, value] : values) {
    const auto* setting = FindSetting(name);
    if (setting == nullptr) {
      if (!IsClientVariable(name)) mistakes.push_back({name, "unknown", name + " (" + source + ") is not a setting"});
    } else if (auto mistake = setting->read(settings, value)) {
      const auto what_it_is = setting->is_secret ? "" : "; is \"" + value + "\"";
      mistakes.push_back({name, "wrong_value", name + " (" + source + ") " + *mistake + what_it_is});
    }
  }
}

}  // namespace

bool IsLoopback(const ListenAddress& address) {
  static const auto kIpv4 = application::IpNetwork::Parse("127.0.0.0/8");
  static const auto kIpv6 = application::IpNetwork::Parse("::1");
  return kIpv4->Contains(address.host) || kIpv6->Contains(address.host);
}

bool IsOwnAddress(std::string_view url) {
  url.remove_prefix(std::min(url.find("://") + 3, url.size()));
  for (const std::string_view host : {"127.0.0.1", "[::1]"}) {
    const auto rest = url.substr(std::min(host.size(), url.size()));
    if (url.starts_with(host) && (rest.empty() || rest.front() == ':' || rest.front() == '/')) return true;
  }
  return false;
}

std::vector<SettingDescription> Describe(const Settings& settings) {
  std::vector<SettingDescription> descriptions;
  for (const auto& setting : AllSettings()) {
    descriptions.push_back({setting.name, setting.meaning, setting.show(settings)});
  }
  return descriptions;
}

domain::Result<Settings> LoadSettings(const std::filesystem::path& file,
                                      const std::map<std::string, std::string>& environment) {
  Settings settings;
  std::vector<domain::Fault> mistakes;
  if (!file.empty()) {
    if (const auto read = ReadEnvFile(file)) {
      for (const auto& mistake : read->mistakes) mistakes.push_back({"", "malformed_line", mistake});
      Apply(settings, read->values, file.string(), mistakes);
    } else {
      mistakes.push_back({"", "unreadable", read.error().message});
    }
  }
  Apply(settings, environment, "environment", mistakes);
  if (settings.write_dsn.empty() != settings.read_dsn.empty()) {
    mistakes.push_back({"VOLCANION_WRITE_DSN", "incomplete",
                        "VOLCANION_WRITE_DSN and VOLCANION_READ_DSN must both be set, or neither"});
  }
  const bool has_issuer = !settings.oidc_issuer.empty();
  if (has_issuer == settings.oidc_audience.empty() || has_issuer == settings.oidc_jwks.empty()) {
    mistakes.push_back({"VOLCANION_OIDC_ISSUER", "incomplete",
                        "VOLCANION_OIDC_ISSUER, VOLCANION_OIDC_AUDIENCE and VOLCANION_OIDC_JWKS must all be set, or "
                        "none"});
  }
  if (settings.oidc_jwks.starts_with("http://") && !IsOwnAddress(settings.oidc_jwks)) {
    mistakes.push_back({"VOLCANION_OIDC_JWKS", "wrong_value",
                        "VOLCANION_OIDC_JWKS must begin with https://: whoever is in between could give us keys of "
                        "their own"});
  }
  const auto& smtp = settings.smtp_url;
  const bool is_smtp = smtp.starts_with("smtp://") || smtp.starts_with("smtps://");
  if (!smtp.empty() && (!is_smtp || smtp.find('@') != std::string::npos)) {
    mistakes.push_back({"VOLCANION_SMTP_URL", "wrong_value",
                        "VOLCANION_SMTP_URL must be smtps://HOST[:PORT] or smtp://HOST[:PORT]; user and password are "
                        "settings of their own"});
  }
  if (smtp.empty() != settings.smtp_from.empty() || (!smtp.empty() && !domain::Email::Parse(settings.smtp_from))) {
    mistakes.push_back({"VOLCANION_SMTP_FROM", "incomplete",
                        "VOLCANION_SMTP_FROM, an e-mail address, and VOLCANION_SMTP_URL must both be set, or neither"});
  }
  if (settings.max_event_bytes > settings.max_body_bytes) {
    mistakes.push_back({"VOLCANION_MAX_EVENT_BYTES", "out_of_range",
                        "VOLCANION_MAX_EVENT_BYTES must not be above VOLCANION_MAX_BODY_BYTES"});
  }
  if (settings.max_queued_events < settings.max_batch_events) {
    mistakes.push_back({"VOLCANION_MAX_QUEUED_EVENTS", "out_of_range",
                        "VOLCANION_MAX_QUEUED_EVENTS must not be below VOLCANION_MAX_BATCH_EVENTS: such a batch would "
                        "never be taken"});
  }
  if (settings.max_queued_bytes < 2 * settings.max_body_bytes) {
    mistakes.push_back({"VOLCANION_MAX_QUEUED_BYTES", "out_of_range",
                        "VOLCANION_MAX_QUEUED_BYTES must be at least twice VOLCANION_MAX_BODY_BYTES: a large batch "
                        "would never be taken"});
  }
  if (settings.max_buffered_bytes < 2 * settings.max_body_bytes) {
    mistakes.push_back({"VOLCANION_MAX_BUFFERED_BYTES", "out_of_range",
                        "VOLCANION_MAX_BUFFERED_BYTES must be at least twice VOLCANION_MAX_BODY_BYTES: a large body "
                        "would never be taken"});
  }
  if (settings.max_unsent_bytes < 2 * settings.max_page_bytes) {
    mistakes.push_back({"VOLCANION_MAX_UNSENT_BYTES", "out_of_range",
                        "VOLCANION_MAX_UNSENT_BYTES must be at least twice VOLCANION_MAX_PAGE_BYTES: a large page "
                        "would never be sent"});
  }
  if (settings.listen.port != 0 && settings.listen.port == settings.admin_listen.port &&
      settings.listen.host == settings.admin_listen.host) {
    mistakes.push_back(
        {"VOLCANION_ADMIN_LISTEN", "out_of_range",
         "VOLCANION_ADMIN_LISTEN must not be the same as VOLCANION_LISTEN: health and metrics ask for no "
         "key"});
  }
  if (mistakes.empty()) return settings;
  return domain::Error{domain::ErrorKind::kInvalid, "The configuration has mistakes.", std::move(mistakes)};
}

std::map<std::string, std::string> VolcanionEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (!text.starts_with("VOLCANION_") || equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

domain::Result<EnvFile> ReadEnvFile(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) return domain::Error{domain::ErrorKind::kInvalid, file.string() + " cannot be read"};
  EnvFile read;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    const auto place = file.string() + ":" + std::to_string(number) + " ";
    const auto equals = line.find('=');
    const auto name = line.substr(0, equals);
    if (equals == std::string::npos || name.empty() || name.find(' ') != std::string::npos) {
      read.mistakes.push_back(place + "is not of the form NAME=value");
      continue;
    }
    auto value = line.substr(equals + 1);
    const bool quoted =
        value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'');
    if (quoted) value = value.substr(1, value.size() - 2);
    if (!read.values.emplace(name, value).second) read.mistakes.push_back(place + "sets " + name + " again");
  }
  return read;
}

}  // namespace volcanion::infrastructure
