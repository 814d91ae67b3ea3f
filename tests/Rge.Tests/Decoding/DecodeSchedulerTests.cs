using CsCheck;
using Rge.Decoding;
using Rge.Imaging;
using TorchSharp;

namespace Rge.Tests.Decoding;

public sealed class DecodeSchedulerTests
{
    private const int Emb = ScriptedModel.Emb;
    private static readonly GenerationOptions Greedy = new() { MaxRationaleTokens = 4 };

    private readonly ScriptedModel _model = new();

    [Fact]
    public void Rows_that_end_leave_and_waiting_ones_take_their_place()
    {
        var results = Run(
            new RationaleDecoderOptions { MaxRows = 2 },
            _model.Request(1, 3, Greedy, 5, 6, Emb), _model.Request(2, 5, Greedy, Emb), _model.Request(3, 2, Greedy, 7, Emb));
        Assert.Equal(
            ["prefill 1 2", "step 1:5 2:9", "prefill 3", "step 1:6 3:7", "step 1:9 3:9"], _model.Log);
        Assert.Equal([5, 6, Emb], results[0].RationaleIds);
        Assert.Equal([Emb], results[1].RationaleIds);
        Assert.Equal([7, Emb], results[2].RationaleIds);
        Assert.All(results, result => Assert.Equal(RationaleEnd.Emb, result.End));
    }

    [Fact]
    public void The_hidden_state_is_that_of_the_step_which_reads_the_end_token()
    {
        var results = Run(new(), _model.Request(1, 3, Greedy, 5, 6, Emb), _model.Request(2, 5, Greedy, Emb));
        Assert.Equal([1, 3 + 3], results[0].HiddenState);
        Assert.Equal([2, 5 + 1], results[1].HiddenState);
    }

    [Fact]
    public void An_end_token_is_appended_when_the_budget_runs_out()
    {
        var result = Run(new(), _model.Request(1, 3, Greedy, 5, 6, 7, 8, 1)).Single();
        Assert.Equal([5, 6, 7, 8], result.RationaleIds);
        Assert.Equal(RationaleEnd.BudgetSpent, result.End);
        Assert.Equal([1, 3 + 4 + 1], result.HiddenState);
        Assert.Equal($"step 1:{Emb}", _model.Log[^1]);
    }

    [Fact]
    public void The_last_token_is_pooled_when_the_budget_runs_out_and_the_reference_is_followed()
    {
        var options = Greedy with { WhenBudgetRunsOut = BudgetAction.PoolLastToken };
        var result = Run(new(), _model.Request(1, 3, options, 5, 6, 7, 8, 1)).Single();
        Assert.Equal(RationaleEnd.BudgetSpent, result.End);
        Assert.Equal([1, 3 + 4], result.HiddenState);
        Assert.Equal("step 1:8", _model.Log[^1]);
    }

    [Fact]
    public void An_end_token_that_is_the_last_of_the_budget_is_the_models_own()
    {
        var result = Run(new(), _model.Request(1, 3, Greedy, 5, 6, 7, Emb)).Single();
        Assert.Equal(RationaleEnd.Emb, result.End);
        Assert.Equal([1, 3 + 4], result.HiddenState);
    }

    [Fact]
    public void Prompts_without_a_rationale_are_read_in_batches_beside_the_rationales()
    {
        var results = Run(
            new RationaleDecoderOptions { MaxPrefillTokens = 10 },
            _model.Request(1, 4, null), _model.Request(2, 6, null), _model.Request(3, 1, null), _model.Request(4, 2, Greedy, 5, Emb), _model.Request(5, 30, null));
        Assert.Equal(["encode 1 2", "prefill 4", "step 4:5", "encode 3", "step 4:9", "encode 5"], _model.Log);
        Assert.Equal([3, 1], results[2].HiddenState);
        Assert.Equal(RationaleEnd.NotGenerated, results[2].End);
        Assert.Empty(results[2].RationaleIds);
    }

    [Fact]
    public void Each_image_is_encoded_once_and_freed_when_its_last_prompt_has_been_read()
    {
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        var patches = new PatchedImage(new float[4], new ImageGrid(1, 2, 2));
        var shared = new SharedImage(patches, uses: 3);
        Pending[] sequences =
        [
            Submit(_model.Request(1, 3, Greedy, Emb), shared), Submit(_model.Request(2, 3, Greedy, Emb), shared), Submit(_model.Request(3, 3, null), shared),
        ];
        Advance(new RationaleDecoderOptions { MaxRows = 1 }, sequences);
        Assert.Equal(["images 1", "encode 3", "prefill 1", "step 1:9", "prefill 2", "step 2:9"], _model.Log);
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
        Assert.Throws<InvalidOperationException>(() => shared.Features);
    }

    [Fact]
    public void The_cache_fits_the_longest_request_and_exists_only_while_there_is_work()
    {
        Run(new(), _model.Request(1, 3, Greedy, Emb), _model.Request(2, 100, Greedy, Emb));
        Assert.Equal([(2, 128)], _model.CacheSizes);
        Assert.False(_model.HasCache);
    }

    [Fact]
    public void A_bounded_cache_lets_fewer_rows_run_but_always_one()
    {
        Run(
            new RationaleDecoderOptions { MaxCacheTokens = 128 },
            _model.Request(1, 3, Greedy, 5, Emb), _model.Request(2, 3, Greedy, 5, Emb), _model.Request(3, 3, Greedy, 5, Emb), _model.Request(4, 500, Greedy, Emb));
        Assert.Equal(["prefill 1 2", "step 1:5 2:5", "step 1:9 2:9", "prefill 3", "step 3:5", "step 3:9", "prefill 4", "step 4:9"], _model.Log);
        Assert.Equal((1, 512), _model.CacheSizes[^1]);
    }

    [Fact]
    public void A_growing_cache_keeps_the_rows_that_run()
    {
        var scheduler = new DecodeScheduler(_model, Emb, new RationaleDecoderOptions());
        var first = Submit(_model.Request(1, 3, Greedy, 5, 6, Emb));
        scheduler.Enqueue(first.Sequence);
        scheduler.Advance();
        var second = Submit(_model.Request(2, 200, Greedy, 7, Emb));
        scheduler.Enqueue(second.Sequence);
        while (!scheduler.IsIdle) scheduler.Advance();
        Assert.Equal([(1, 64), (2, 256)], _model.CacheSizes);
        Assert.Equal(["prefill 1", "step 1:5", "prefill 2", "step 1:6 2:7", "step 1:9 2:9"], _model.Log);
        Assert.Equal([1, 6], first.Result.HiddenState);
    }

    [Fact]
    public void A_cancelled_request_leaves_and_the_others_go_on()
    {
        using var cancellation = new CancellationTokenSource();
        _model.BeforeStep = step =>
        {
            if (step == 1) cancellation.Cancel();
        };
        var shared = new SharedImage(new PatchedImage(new float[4], new ImageGrid(1, 2, 2)), uses: 1);
        var cancelled = Submit(_model.Request(1, 3, Greedy, 5, 6, 7, 8), cancellation.Token);
        var kept = Submit(_model.Request(2, 3, Greedy, 5, 6, 7, Emb));
        var waiting = new Pending(new PendingSequence(_model.Request(3, 3, Greedy, Emb), [shared], cancellation.Token));
        Advance(new RationaleDecoderOptions { MaxRows = 2 }, cancelled, kept, waiting);
        Assert.True(cancelled.Sequence.Completion.IsCanceled);
        Assert.True(waiting.Sequence.Completion.IsCanceled);
        Assert.Equal([5, 6, 7, Emb], kept.Result.RationaleIds);
        Assert.Equal([2, 7], kept.Result.HiddenState);
        Assert.DoesNotContain(_model.Log, entry => entry.StartsWith("images", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Logits_that_are_not_numbers_end_their_own_row_alone()
    {
        _model.LogitOf[1] = float.NaN;
        Pending bad = Submit(_model.Request(1, 3, Greedy, 5)), good = Submit(_model.Request(2, 3, Greedy, 6, Emb));
        Advance(new(), bad, good);
        var error = await Assert.ThrowsAsync<EmbeddingException>(() => bad.Sequence.Completion);
        Assert.Contains("NaN", error.Message, StringComparison.Ordinal);
        Assert.Equal([6, Emb], good.Result.RationaleIds);
    }

    [Fact]
    public async Task A_failing_callback_ends_its_own_row_alone()
    {
        var bad = Submit(_model.Request(1, 3, Greedy, 5, Emb) with { OnToken = _ => throw new InvalidOperationException("no more") });
        var good = Submit(_model.Request(2, 3, Greedy, 6, Emb));
        Advance(new(), bad, good);
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad.Sequence.Completion);
        Assert.Equal([2, 5], good.Result.HiddenState);
    }

    [Fact]
    public async Task A_failing_step_ends_the_rows_that_run_and_those_that_wait_still_run()
    {
        _model.BeforeStep = step =>
        {
            if (step == 0) throw new InvalidOperationException("out of memory");
        };
        Pending running = Submit(_model.Request(1, 3, Greedy, 5, Emb)), waiting = Submit(_model.Request(2, 3, Greedy, 6, Emb));
        Advance(new RationaleDecoderOptions { MaxRows = 1 }, running, waiting);
        await Assert.ThrowsAsync<InvalidOperationException>(() => running.Sequence.Completion);
        Assert.Equal([6, Emb], waiting.Result.RationaleIds);
    }

    [Fact]
    public void Tokens_are_told_as_they_are_chosen()
    {
        var told = new List<int>();
        Run(new(), _model.Request(1, 3, Greedy, 5, 6, 7, 8) with { OnToken = told.Add });
        Assert.Equal([5, 6, 7, 8], told);
    }

    [Fact]
    public void Any_mix_of_requests_gets_what_each_gets_alone()
    {
        var request = Gen.Select(Gen.Int[1, 200], Gen.Int[0, 8].Array[0, 6], Gen.Bool, (length, tokens, generates) => (length, tokens, generates));
        Gen.Select(request.Array[1, 12], Gen.Int[1, 4], Gen.Int[1, 300], Gen.Int[64, 600]).Sample((requests, rows, prefill, cache) =>
        {
            var model = new ScriptedModel();
            var sequences = requests.Select((r, i) => Submit(model.Request(i, r.length, r.generates ? Greedy : null, [.. r.tokens, Emb, .. new int[8]]))).ToArray();
            Advance(new RationaleDecoderOptions { MaxRows = rows, MaxPrefillTokens = prefill, MaxCacheTokens = cache }, model, sequences);
            for (var i = 0; i < requests.Length; i++)
            {
                var (length, tokens, generates) = requests[i];
                var result = sequences[i].Result;
                Assert.Equal(generates ? [.. tokens.Append(Emb).Take(4)] : [], result.RationaleIds);
                Assert.Equal([i, generates ? length + Math.Min(tokens.Length, 4) + 1 : length], result.HiddenState);
            }
        }, iter: 200);
    }

    private DecodedSequence[] Run(RationaleDecoderOptions options, params DecodeRequest[] requests)
    {
        var sequences = requests.Select(request => Submit(request)).ToArray();
        Advance(options, sequences);
        return [.. sequences.Select(sequence => sequence.Result)];
    }

    private void Advance(RationaleDecoderOptions options, params Pending[] sequences) => Advance(options, _model, sequences);

    private static void Advance(RationaleDecoderOptions options, ScriptedModel model, Pending[] sequences)
    {
        var scheduler = new DecodeScheduler(model, Emb, options);
        foreach (var pending in sequences) scheduler.Enqueue(pending.Sequence);
        for (var slice = 0; !scheduler.IsIdle; slice++)
        {
            Assert.True(slice < 1000, "The scheduler does not come to an end.");
            scheduler.Advance();
        }
    }

    private static Pending Submit(DecodeRequest request, CancellationToken cancellationToken) => new(new PendingSequence(request, [], cancellationToken));

    private static Pending Submit(DecodeRequest request, params SharedImage[] images) => new(new PendingSequence(request, images, CancellationToken.None));

    private sealed record Pending(PendingSequence Sequence)
    {
        public DecodedSequence Result => Sequence.Completion.IsCompletedSuccessfully
            ? Sequence.Completion.Result
            : throw new InvalidOperationException($"The request has no result: {Sequence.Completion.Status}", Sequence.Completion.Exception);
    }
}
