// What the shared libraries export: the declarations of the public headers and nothing else. The libraries are compiled
// with hidden visibility.
#pragma once

#define REDAN_PUBLIC __attribute__((visibility("default")))
#define REDAN_HIDDEN __attribute__((visibility("hidden")))
