using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Rge.Cli.Tests;

/// <summary><c>rge serve</c> as a process of its own; killed when this is disposed.</summary>
internal sealed partial class ServedProcess : IDisposable
{
    private readonly HttpClient _client = new();
    private readonly ConcurrentQueue<string> _log = [];
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServedProcess(Process process)
    {
        Process = process;
        process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) =>
        {
            if (Address().Match(line.Data ?? "") is { Success: true } match)
                _address.TrySetResult(match.Value);
            if (line.Data is null)
                _address.TrySetException(new InvalidOperationException("The server has ended before it said where it is."));
        };
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
        // A port that the system chooses, which the server tells: one that was free a moment ago may be another's by now.
        var served = new ServedProcess(
            CommandLine.Start(["serve", "-m", model, "--store", store, "--url", "http://127.0.0.1:0", .. options])
        );
        served._client.BaseAddress = new Uri(await served._address.Task.WaitAsync(Cancel));
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
        if (!Process.HasExited)
            Process.Kill();
        Process.Dispose();
        _client.Dispose();
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

    [GeneratedRegex("http://[0-9.]+:[0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Address();
}
