using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Rge.Server.Tests.Browser))]

namespace Rge.Server.Tests;

/// <summary>Chromium, started when first asked for.</summary>
public sealed class Browser : IAsyncDisposable
{
    private const string Variable = "RGE_CHROMIUM";

    private static readonly string? Program = (
        (string?[])
            [Environment.GetEnvironmentVariable(Variable), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    ).FirstOrDefault(File.Exists);

    private readonly SemaphoreSlim _starting = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Why there is no browser; null when there is.</summary>
    public static string? Problem =>
        Program is null ? $"Chromium was not found; build/chromium.sh installs it, {Variable} names another" : null;

    /// <summary>A page in a context of its own.</summary>
    public async Task<IPage> OpenAsync(BrowserNewContextOptions? options = null)
    {
        await _starting.WaitAsync();
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            // Root has no sandbox, and nothing here is fetched from elsewhere.
            _browser ??= await _playwright.Chromium.LaunchAsync(
                new BrowserTypeLaunchOptions
                {
                    ExecutablePath = Program,
                    Args =
                    [
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                    ],
                }
            );
        }
        finally
        {
            _starting.Release();
        }
        return await (await _browser.NewContextAsync(options)).NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        _starting.Dispose();
    }
}
