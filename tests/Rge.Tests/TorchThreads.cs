using System.Runtime.CompilerServices;
using TorchSharp;

namespace Rge.Tests;

/// <summary>
/// One thread for native code: the models here are too small to gain from more, and on a busy machine waiting threads are slow.
/// </summary>
internal static class TorchThreads
{
    [ModuleInitializer]
    internal static void UseOne() => torch.set_num_threads(1);
}
