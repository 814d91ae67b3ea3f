using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Rge.Cli.Tests;

/// <summary><c>rge serve</c> as a process of its own; killed when this is disposed.</summary>
internal sealed class ServedProcess : IDisposable
{
    private readonly HttpClient _client;
    private readonly ConcurrentQueue<string> _log = [];

    private ServedProcess(Process process, string url)
    {
        (Process, _client) = (process, new HttpClient { BaseAddress = new Uri(url) });
        process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Process Process { get; }

    /// <summary>What it has logged, line by line; all of it after <see cref="Process.WaitForExitAsync"/>.</summary>
    public IEnumerable<string> Log => _log.Where(line => line.Length > 0);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Starts a server and waits until it is ready.</summary>
    public static async Task<ServedProcess> StartAsync(string model, string store, params string[] options)
    {
        var url = $"http://127.0.0.1:{FreePort()}";
        var served = new ServedProcess(CommandLine.Start(["serve", "-m", model, "--store", store, "--url", url, .. options]), url);
        while (!await served.IsReadyAsync())
        {
            Assert.False(served.Process.HasExited);
            await Task.Delay(50, Cancel);
        }
        return served;
    }

    /// <summary>Sends JSON.</summary>
    public async Task<HttpResponseMessage> SendAsync(string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        return await _client.PostAsync(path, body, Cancel);
    }

    /// <summary>Sends JSON that should be answered, and returns the answer.</summary>
    public async Task<string> PostAsync(string path, string json)
    {
        using var response = await SendAsync(path, json);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }

    public void Dispose()
    {
        if (!Process.HasExited) Process.Kill();
        Process.Dispose();
        _client.Dispose();
    }

    /// <summary>A port that nobody listens on now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return (await _client.GetAsync("/health/ready", Cancel)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
