#pragma once

#include "Api/Http/Message.h"
#include "Application/IpNetwork.h"

#include <string>
#include <vector>

namespace volcanion::api {

/// In which header proxies of ours name the client.
enum class ForwardedHeader {
  kEither,  ///< X-Forwarded-For where it is there, else Forwarded: most proxies set the former and let a client's
            ///< own Forwarded pass
  kXForwardedFor,  ///< that alone
  kForwarded,      ///< that of RFC 7239 alone
};

/// Proxies of ours.
struct Proxies {
  std::vector<application::IpNetwork> trusted = {};
  ForwardedHeader header = ForwardedHeader::kEither;
};

/// Who the client is, when proxies of ours stand in between: what they say is believed as far as it comes from a
/// trusted address, read from the near end to the far one.
std::string ClientAddress(const Request& request, const Proxies& proxies);

}  // namespace volcanion::api
