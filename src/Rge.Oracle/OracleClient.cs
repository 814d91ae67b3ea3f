using Microsoft.Extensions.AI;
using Rge.Files;
using Rge.Imaging;

namespace Rge.Oracle;

/// <summary>Asks an endpoint about rows: waits as long as it wishes, and tries again where that may help. Thread-safe.</summary>
/// <param name="endpoint">The endpoint; borrowed.</param>
/// <param name="prompt">What is asked.</param>
/// <param name="settings">How it is asked.</param>
/// <param name="time">Clock of the waits.</param>
/// <param name="remark">Receives the reason why a request has to wait.</param>
internal sealed class OracleClient(
    IChatClient endpoint,
    OraclePrompt prompt,
    OracleSettings settings,
    TimeProvider time,
    Action<string> remark
)
{
    private readonly Lock _lock = new();
    private DateTimeOffset _closedUntil;

    /// <summary>Asks about one row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="stop">Starts no further request.</param>
    /// <param name="abort">Also cancels the current request.</param>
    /// <exception cref="EndpointException">There is no answer, after all attempts.</exception>
    /// <exception cref="ImageInputException">An image of the row cannot be used.</exception>
    /// <exception cref="EmbeddingException">A text of the row names an image that its item lacks.</exception>
    public async Task<OracleAnswer> AskAsync(OracleRow row, CancellationToken stop, CancellationToken abort)
    {
        var message = prompt.Fill(row.Sample, source => OracleImage.Encode(source, settings));
        var backoff = new Backoff(settings.FirstWait, settings.LongestWait);
        while (true)
        {
            await WaitForOpeningAsync(stop);
            try
            {
                return Read(row, await RequestAsync(message, abort));
            }
            catch (EndpointException e) when (e.Kind is FaultKind.Transient or FaultKind.Unreachable)
            {
                if (e.RetryAfter > settings.LongestWait)
                    throw new EndpointException(
                        $"{e.Message}; it asks to come back in {e.RetryAfter}, longer than the {settings.LongestWait} that are waited",
                        FaultKind.Fatal,
                        e
                    );
                if (e.RetryAfter is { } pause)
                    Close(pause);
                var wait = backoff.Next();
                if (backoff.Failures == settings.Attempts)
                    throw;
                if (e.RetryAfter is { } asked)
                    wait = Backoff.Spread(asked);
                remark($"{e.Message}; attempt {backoff.Failures + 1} of {settings.Attempts} in {wait.TotalSeconds:0.#} s");
                await Task.Delay(wait, time, stop);
            }
        }
    }

    private async Task<ChatResponse> RequestAsync(ChatMessage message, CancellationToken abort)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(abort);
        limit.CancelAfter(settings.Timeout);
        try
        {
            return await endpoint.GetResponseAsync([message], settings.ChatOptions, limit.Token);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException e)
        {
            throw new EndpointException($"no answer within {settings.Timeout.TotalSeconds:0.#} s", FaultKind.Transient, e);
        }
        catch (Exception e)
        {
            // Malformed answers make the client fail in ways of many types.
            throw EndpointException.From(e, time.GetUtcNow());
        }
    }

    private static OracleAnswer Read(OracleRow row, ChatResponse response)
    {
        var answer = OracleAnswer.To(row) with
        {
            InputTokens = response.Usage?.InputTokenCount ?? 0,
            OutputTokens = response.Usage?.OutputTokenCount ?? 0,
        };
        if (response.FinishReason == ChatFinishReason.ContentFilter)
            return answer with { Refusal = "a content filter has stopped the answer" };
        if (response.FinishReason == ChatFinishReason.Length)
            return answer with { Refusal = "the answer was cut off at the largest number of tokens" };
        var refusals = response.Messages.SelectMany(message => message.Contents).OfType<ErrorContent>().Select(error => error.Message);
        return refusals.FirstOrDefault() is { } refusal
            ? answer with
            {
                Refusal = $"the model has refused: {refusal}",
            }
            : answer with
            {
                Text = response.Text,
            };
    }

    /// <summary>A rate limit is one for all requests: none is sent before the pause is over.</summary>
    private void Close(TimeSpan pause)
    {
        lock (_lock)
            if (time.GetUtcNow() + pause is var end && end > _closedUntil)
                _closedUntil = end;
    }

    private async Task WaitForOpeningAsync(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        while (TimeLeft() is { Ticks: > 0 } wait)
            await Task.Delay(Backoff.Spread(wait), time, stop);

        TimeSpan TimeLeft()
        {
            lock (_lock)
                return _closedUntil - time.GetUtcNow();
        }
    }
}
