namespace Rge.Tests.Decoding;

public sealed class DecodingEngineTests : IDisposable
{
    private const int Emb = ScriptedModel.Emb;
    private static readonly GenerationOptions Greedy = new() { MaxRationaleTokens = 4 };

    private readonly ScriptedModel _model = new();
    private readonly DecodingEngine _decoder;

    public DecodingEngineTests() => _decoder = new DecodingEngine(_model, Emb, new DecodingEngineOptions { MaxBatchSize = 2 });

    [Fact]
    public async Task Results_come_in_the_order_of_the_requests()
    {
        var results = await _decoder.DecodeAsync(
            [_model.Request(1, 3, Greedy, 5, 6, Emb), _model.Request(2, 5, Greedy, Emb), _model.Request(3, 4, null)],
            TestContext.Current.CancellationToken
        );
        Assert.Equal(
            [
                [1f, 6f],
                [2f, 6f],
                [3f, 4f],
            ],
            results.Select(result => result.HiddenState)
        );
    }

    [Fact]
    public async Task Sampled_tokens_come_with_their_log_probabilities_and_the_likeliest_without()
    {
        var sampling = Greedy with { Temperature = 1, Seed = 1 };
        var results = await _decoder.DecodeAsync(
            [_model.Request(1, 3, sampling, 5, 6, Emb), _model.Request(2, 5, Greedy, 5, Emb), _model.Request(3, 4, sampling, 5, 6, 7, 8)],
            TestContext.Current.CancellationToken
        );
        Assert.All((DecodedSequence[])[results[0], results[2]], result =>
        {
            Assert.Equal(result.RationaleIds.Length, result.LogProbabilities.Length);
            Assert.All(result.LogProbabilities, value => Assert.InRange(value, -50, 0));
        });
        Assert.Empty(results[1].LogProbabilities);
    }

    [Fact]
    public async Task Many_callers_share_the_loop()
    {
        var requests = Enumerable
            .Range(0, 40)
            .Select(i => _model.Request(i, 2 + i % 7, Greedy, [.. Enumerable.Repeat(5, i % 4), Emb]))
            .ToArray();
        var results = await Task.WhenAll(requests.Select(request => Task.Run(() => _decoder.DecodeAsync(request))));
        Assert.Equal(requests.Select((_, i) => new float[] { i, 2 + i % 7 + i % 4 + 1 }), results.Select(result => result.HiddenState));
    }

    [Fact]
    public async Task A_cancelled_call_ends_and_the_decoder_continues()
    {
        using var cancellation = new CancellationTokenSource();
        var request = _model.Request(1, 3, Greedy, 5, 6, 7, 8) with { OnToken = _ => cancellation.Cancel() };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _decoder.DecodeAsync(request, cancellation.Token));
        var next = await _decoder.DecodeAsync(_model.Request(2, 3, Greedy, Emb));
        Assert.Equal(new float[] { 2, 4 }, next.HiddenState);
    }

    [Fact]
    public async Task Disposal_fails_what_has_not_ended_and_refuses_what_comes_after()
    {
        var endless = _decoder.DecodeAsync(_model.Request(1, 3, Greedy with { MaxRationaleTokens = 1_000_000 }, 5));
        _decoder.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => endless);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _decoder.DecodeAsync(_model.Request(2, 3, Greedy, Emb)));
        Assert.False(_model.HasState);
    }

    [Fact]
    public async Task An_empty_prompt_and_wrong_options_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _decoder.DecodeAsync(new DecodeRequest([])));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            _decoder.DecodeAsync(_model.Request(1, 3, Greedy with { MaxRationaleTokens = 0 }))
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecodingEngine(_model, Emb, new DecodingEngineOptions { MaxBatchSize = 0 }));
    }

    public void Dispose() => _decoder.Dispose();
}
