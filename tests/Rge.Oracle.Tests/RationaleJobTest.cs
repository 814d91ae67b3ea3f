using Rge.Tests.Shared.Oracle;
using static Rge.Tests.Shared.Oracle.FakeOracle;

namespace Rge.Oracle.Tests;

/// <summary>A test of runs against a server that speaks the API.</summary>
public abstract class RationaleJobTest : IAsyncLifetime
{
    protected const string Key = "sk-secret-0123456789";
    protected const int Rows = 12;

    /// <summary>A folder for the test, deleted with it.</summary>
    protected string Root { get; } = Directory.CreateTempSubdirectory("rge-oracle-").FullName;

    private protected JumpingTime Time { get; } = new();

    private protected FakeOracle Oracle { get; private set; } = null!;

    protected string Data => Path.Combine(Root, "data");

    protected string Output => Path.Combine(Root, "out");

    protected RationaleSettings Settings =>
        new()
        {
            Data = Data,
            Output = Output,
            Oracle = new OracleSettings
            {
                Parallel = 4,
                Attempts = 3,
                Timeout = TimeSpan.FromSeconds(60),
            },
        };

    public async ValueTask InitializeAsync()
    {
        OracleData.Write(Data, "first", Rows);
        Oracle = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Oracle.DisposeAsync();
        Directory.Delete(Root, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected async Task<RationaleReport> RunAsync(RationaleSettings settings, OraclePrompt? prompt = null, string? key = Key)
    {
        using var endpoint = OracleEndpoint.Connect(Oracle.Address, "oracle-1", key);
        return await new RationaleJob(settings, null, Time).RunAsync(
            endpoint,
            prompt ?? OraclePrompt.Default,
            TestContext.Current.CancellationToken
        );
    }

    protected Task<OracleException> FailAsync(RationaleSettings settings, OraclePrompt? prompt = null) =>
        Assert.ThrowsAsync<OracleException>(() => RunAsync(settings, prompt));
}
