# firstlight_find_torch(): TORCH_LIBRARIES, for `aten` and what stands on it. Takes Debian's
# libtorch, or another one by -DTorch_DIR=.../share/cmake/Torch, such as that inside the Python wheel
# of torch.
#
# The package files of a libtorch with CUDA want the whole CUDA toolkit, to compile CUDA sources, of
# which there are none here; and the libraries find theirs by themselves. Where the toolkit is not
# installed, the library is therefore taken from its place beside the package files.
function(firstlight_find_torch)
  if(Torch_DIR)
    get_filename_component(root "${Torch_DIR}/../../.." ABSOLUTE)
    if(EXISTS "${root}/lib/libtorch_cuda.so")
      find_package(CUDAToolkit QUIET)
      if(NOT CUDAToolkit_FOUND)
        firstlight_torch_in("${root}")
        set(TORCH_LIBRARIES firstlight_torch PARENT_SCOPE)
        return()
      endif()
    endif()
  endif()
  find_package(Torch REQUIRED)
  set(TORCH_LIBRARIES ${TORCH_LIBRARIES} PARENT_SCOPE)
endfunction()

# The target firstlight_torch: headers and libraries below `root`.
function(firstlight_torch_in root)
  file(STRINGS "${root}/share/cmake/Torch/TorchConfig.cmake" old_abi
    REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  if(old_abi)
    message(FATAL_ERROR "${root}: this libtorch was built for the C++ ABI of GCC 4; take another, such as torch 2.7 or later")
  endif()
  set(libraries)
  foreach(name torch torch_cpu torch_cuda c10 c10_cuda)
    if(NOT EXISTS "${root}/lib/lib${name}.so")
      message(FATAL_ERROR "${root}/lib/lib${name}.so is missing")
    endif()
    list(APPEND libraries "${root}/lib/lib${name}.so")
  endforeach()
  add_library(firstlight_torch INTERFACE IMPORTED GLOBAL)
  target_include_directories(firstlight_torch SYSTEM INTERFACE
    "${root}/include" "${root}/include/torch/csrc/api/include")
  # All of them are kept: kernels for CUDA register themselves when their library is loaded.
  target_link_libraries(firstlight_torch INTERFACE -Wl,--no-as-needed ${libraries} -Wl,--as-needed)
  message(STATUS "Torch: ${root}, by its libraries (no CUDA toolkit)")
endfunction()
