using System.Runtime.InteropServices;

namespace Rge.Models.Tensors;

/// <summary>Settings of the native allocator that libtorch takes its CPU tensors from.</summary>
public static partial class NativeHeap
{
    // From malloc.h of the GNU C library.
    private const int TrimThreshold = -1,
        MmapThreshold = -3;

    // Older versions of the library refuse more than half a thread's heap.
    private const int ModestMmapThreshold = 32 * 1024 * 1024;

    /// <summary>
    /// Lets the process keep the memory of disposed tensors for the next ones. Call it once, before the first tensor; meant for
    /// programs whose work is running models.
    /// </summary>
    /// <remarks>
    /// By default the GNU C library maps a large block anew for each tensor and unmaps it when the tensor is disposed; the
    /// kernel then finds and clears the same pages for the next tensor, which costs several times what an elementwise operation
    /// costs. The price of keeping the memory is that the process stays as large as it ever was. The setting reaches every
    /// thread for blocks up to 64 MB. Larger ones are kept for the main thread only, unless the environment says
    /// MALLOC_ARENA_MAX=1 when the process starts, as the rge script does: the heaps of other threads end at 64 MB.
    /// </remarks>
    /// <returns>True when the allocator took the settings; false on systems without the GNU C library, where nothing happens.</returns>
    public static bool KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            return (MallocOption(MmapThreshold, int.MaxValue) || MallocOption(MmapThreshold, ModestMmapThreshold))
                && MallocOption(TrimThreshold, int.MaxValue);
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library, such as musl.
            return false;
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MallocOption(int parameter, int value);
}
