namespace Rge.Server.Tests;

/// <summary>One server with default settings, and a store, for the tests of a class.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-server-").FullName;

    public TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Server = await TestServer.StartAsync(new ServerOptions { Store = Path.Combine(_folder, "store.db") });

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
