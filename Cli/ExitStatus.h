#pragma once

namespace volcanion::cli {

/// What every command ends with.
inline constexpr int kSucceeded = 0;
inline constexpr int kFailed = 1;    ///< refused by the server, or not reached
inline constexpr int kMisused = 2;   ///< a mistake in the command line, its environment or its files of settings
inline constexpr int kBreaking = 3;  ///< a structure breaks compatibility, and nothing was published

}  // namespace volcanion::cli
