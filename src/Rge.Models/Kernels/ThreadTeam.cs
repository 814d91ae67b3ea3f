using System.Runtime.InteropServices;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>
/// Spreads a loop over the threads that torch itself uses. Design note: a pool of our own would compete for the cores with torch's OpenMP
/// workers, which keep spinning for a while after each operator; entering the same OpenMP team costs a microsecond or two and nothing is
/// oversubscribed. Where torch does not come with GNU OpenMP the thread pool does the work.
/// </summary>
internal static unsafe class ThreadTeam
{
    // void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags): what "#pragma omp parallel" compiles to.
    private static readonly delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void> OpenMpParallel = FindOpenMp();

    /// <summary>True where the loop runs on torch's own threads.</summary>
    public static bool SharesTorchThreads => OpenMpParallel is not null;

    /// <summary>Runs a body over 0 … count − 1 in pieces of at most <paramref name="grain"/>, handed to whichever thread is free.</summary>
    public static void For<TBody>(int count, int grain, in TBody body)
        where TBody : unmanaged, IRangeBody
    {
        fixed (TBody* pointer = &body)
        {
            var loop = new Loop
            {
                Body = pointer,
                Run = &Run<TBody>,
                Count = count,
                Grain = grain,
            };
            var threads = count <= grain ? 1 : get_num_threads();
            if (threads == 1)
                Work(&loop);
            else if (OpenMpParallel is not null)
                OpenMpParallel(&WorkUnmanaged, &loop, (uint)threads, 0);
            else
                WorkOnThreadPool(&loop, threads);
        }
    }

    private static void Run<TBody>(void* body, int begin, int end)
        where TBody : unmanaged, IRangeBody => ((TBody*)body)->Run(begin, end);

    [UnmanagedCallersOnly]
    private static void WorkUnmanaged(void* loop) => Work((Loop*)loop);

    private static void Work(Loop* loop)
    {
        // In 64 bits, so that the counter cannot wrap when every thread overshoots a count near the limit.
        for (long begin; (begin = Interlocked.Add(ref loop->Next, loop->Grain) - loop->Grain) < loop->Count; )
            loop->Run(loop->Body, (int)begin, (int)Math.Min(begin + loop->Grain, loop->Count));
    }

    private static void WorkOnThreadPool(Loop* loop, int threads)
    {
        var address = (nint)loop;
        Parallel.For(0, threads, _ => Work((Loop*)address));
    }

    private static delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void> FindOpenMp()
    {
        // The library's file name carries a hash; looking a symbol up through TorchSharp's library also searches those it depends on.
        _ = get_num_threads();
        return
            NativeLibrary.TryLoad(TensorPointer.Library, typeof(Tensor).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, "GOMP_parallel", out var parallel)
            ? (delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void>)parallel
            : null;
    }

    private struct Loop
    {
        public void* Body;
        public delegate* <void*, int, int, void> Run;
        public long Next;
        public int Count;
        public int Grain;
    }
}
