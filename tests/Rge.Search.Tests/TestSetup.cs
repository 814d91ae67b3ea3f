using System.Runtime.CompilerServices;
using Rge.Tests.Shared.Stores;
using TorchSharp;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Rge.Search.Tests;

internal static class TestSetup
{
    /// <summary>
    /// One thread for native code: the model here is too small to gain from more, and on a busy machine waiting threads are slow.
    /// </summary>
    [ModuleInitializer]
    internal static void UseOneThread() => torch.set_num_threads(1);
}
