// What the shared libraries export: all that the public headers declare, and nothing else. The libraries are compiled
// with hidden visibility.
#pragma once

#define REDAN_PUBLIC __attribute__((visibility("default")))
#define REDAN_HIDDEN __attribute__((visibility("hidden")))
