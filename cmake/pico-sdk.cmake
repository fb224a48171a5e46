# Thimble within a project of Raspberry Pi's pico-sdk: the library `thimble`, to be linked by a program.
#
#     pico_sdk_init()
#     add_subdirectory(PATH/TO/thimble thimble)
#     target_link_libraries(my_program thimble)
#
# The program brings lwipopts.h.  examples/pico-sdk is one.
option(THIMBLE_BOARD_W5500 "The network is a W5500, not the radio of a Pico W" OFF)

file(GLOB THIMBLE_SOURCES CONFIGURE_DEPENDS
     ${CMAKE_CURRENT_LIST_DIR}/../src/*/*.c ${CMAKE_CURRENT_LIST_DIR}/../src/port/board/*.c
     ${CMAKE_CURRENT_LIST_DIR}/../src/port/lwip/*.c ${CMAKE_CURRENT_LIST_DIR}/../src/port/pico/*.c)

add_library(thimble INTERFACE)
target_sources(thimble INTERFACE ${THIMBLE_SOURCES})
target_include_directories(thimble INTERFACE ${CMAKE_CURRENT_LIST_DIR}/../src)
target_link_libraries(thimble INTERFACE
    pico_lwip_mdns pico_stdlib pico_rand pico_unique_id hardware_dma hardware_gpio hardware_spi hardware_watchdog)

# All of one scratch bank, where pico-sdk takes half of it.  Core 1 is not used, so there is another one below.
target_compile_definitions(thimble INTERFACE PICO_STACK_SIZE=0x1000)

if(THIMBLE_BOARD_W5500)
    target_compile_definitions(thimble INTERFACE THIMBLE_BOARD_W5500=1)
    target_link_libraries(thimble INTERFACE pico_lwip_nosys)
elseif(TARGET pico_cyw43_arch_lwip_poll)
    target_link_libraries(thimble INTERFACE pico_cyw43_arch_lwip_poll pico_flash hardware_flash)
else()
    message(FATAL_ERROR "thimble: PICO_BOARD has no radio, or cyw43-driver is missing: set "
                        "PICO_BOARD to pico_w, or THIMBLE_BOARD_W5500 to ON")
endif()
