using CsCheck;
using Rge.Decoding;
using Rge.Imaging;
using TorchSharp;

namespace Rge.Tests.Decoding;

public sealed class DecodeSchedulerTests
{
    private const int Emb = ScriptedModel.Emb,
        End = 3;
    private static readonly GenerationOptions Greedy = new() { MaxRationaleTokens = 4 };

    private readonly ScriptedModel _model = new();

    [Fact]
    public void Sequences_that_end_leave_and_waiting_ones_take_their_slots()
    {
        var results = Run(
            new DecodingEngineOptions { MaxBatchSize = 2 },
            _model.Request(1, 3, Greedy, 5, 6, Emb),
            _model.Request(2, 5, Greedy, Emb),
            _model.Request(3, 2, Greedy, 7, Emb)
        );
        // Both slots are always busy: the second and the third take one after the other what the first takes.
        Assert.Equal(3, _model.Steps.Count);
        Assert.All(_model.Steps, step => Assert.Equal(2, step.Length));
        Assert.Equal([5, 6, Emb], results[0].RationaleIds);
        Assert.Equal([Emb], results[1].RationaleIds);
        Assert.Equal([7, Emb], results[2].RationaleIds);
        Assert.All(results, result => Assert.Equal(FinishReason.Emb, result.FinishReason));
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
        Assert.Equal(FinishReason.Length, result.FinishReason);
        Assert.Equal([1, 3 + 4 + 1], result.HiddenState);
        Assert.Equal([5, 6, 7, 8, Emb], _model.Fed[1]);
    }

    [Fact]
    public void The_last_token_is_pooled_when_the_budget_runs_out_and_the_reference_is_followed()
    {
        var options = Greedy with { OnLengthLimit = LengthAction.PoolLastToken };
        var result = Run(new(), _model.Request(1, 3, options, 5, 6, 7, 8, 1)).Single();
        Assert.Equal(FinishReason.Length, result.FinishReason);
        Assert.Equal([1, 3 + 4], result.HiddenState);
        Assert.Equal([5, 6, 7, 8], _model.Fed[1]);
    }

    [Fact]
    public void An_end_token_that_is_the_last_of_the_budget_is_the_models_own()
    {
        var result = Run(new(), _model.Request(1, 3, Greedy, 5, 6, 7, Emb)).Single();
        Assert.Equal(FinishReason.Emb, result.FinishReason);
        Assert.Equal([1, 3 + 4], result.HiddenState);
    }

    [Theory]
    [InlineData(End, new[] { 5, Emb, 6, Emb, End }, 6, new[] { 5, Emb, 6, Emb, End }, 3 + 4, FinishReason.Emb)]
    [InlineData(End, new[] { 5, Emb, 6, 7, 8 }, 4, new[] { 5, Emb, 6, 7 }, 3 + 2, FinishReason.Emb)]
    [InlineData(End, new[] { 5, 6, 7, Emb }, 4, new[] { 5, 6, 7, Emb }, 3 + 4, FinishReason.Emb)]
    [InlineData(End, new[] { 5, 6, End }, 6, new[] { 5, 6, End }, 3 + 2, FinishReason.EndOfTurn)]
    [InlineData(End, new[] { End }, 6, new[] { End }, 3, FinishReason.EndOfTurn)]
    [InlineData(End, new[] { 5, 6, 7, 8, 1 }, 4, new[] { 5, 6, 7, 8 }, 3 + 3, FinishReason.Length)]
    [InlineData(Emb, new[] { 5, 6, Emb }, 6, new[] { 5, 6, Emb }, 3 + 2, FinishReason.Emb)]
    [InlineData(Emb, new[] { Emb }, 6, new[] { Emb }, 3, FinishReason.Emb)]
    [InlineData(Emb, new[] { 5, 6, 7, Emb }, 4, new[] { 5, 6, 7, Emb }, 3 + 3, FinishReason.Emb)]
    [InlineData(Emb, new[] { 5, 6, 7, 8, 1 }, 4, new[] { 5, 6, 7, 8 }, 3 + 4, FinishReason.Length)]
    public void A_turn_ends_with_its_token_and_the_last_pooled_one_counts_or_the_state_before_where_that_is_the_end(
        int end,
        int[] script,
        int budget,
        int[] written,
        int pooledAfter,
        FinishReason reason
    )
    {
        var request = _model.Request(1, 3, new GenerationOptions { MaxRationaleTokens = budget }, script) with { EndOfTurn = [end] };
        var beside = _model.Request(2, 2, Greedy, 4, Emb);
        var results = Run(new(), request, beside);
        Assert.Equal(written, results[0].RationaleIds);
        Assert.Equal([1, pooledAfter], results[0].HiddenState);
        Assert.Equal(reason, results[0].FinishReason);
        if (end == Emb)
            Assert.DoesNotContain(Emb, _model.Fed.GetValueOrDefault(1, []));
        Assert.Equal([2, 2 + 2], results[1].HiddenState);
    }

    [Fact]
    public void Prompts_without_a_rationale_are_read_in_batches_beside_the_rationales()
    {
        var lengths = new Dictionary<int, int>
        {
            [1] = 4,
            [2] = 6,
            [3] = 1,
            [5] = 30,
        };
        var readBefore = -1;
        var results = Run(
            new DecodingEngineOptions { MaxPrefillTokens = 10 },
            _model.Request(1, 4, null),
            _model.Request(2, 6, null),
            _model.Request(3, 1, null),
            _model.Request(4, 2, Greedy, 5, Emb) with
            {
                OnToken = _ => Begins(),
            },
            _model.Request(5, 30, null)
        );
        Assert.Equal([1, 2, 3, 5], _model.Encoded.SelectMany(batch => batch).Order());
        // Batches are as large as they may be, and only a prompt that is too long for any is read alone.
        Assert.Contains(_model.Encoded, batch => batch.Length > 1);
        Assert.All(_model.Encoded, batch => Assert.True(batch.Length == 1 || batch.Sum(script => lengths[script]) <= 10));
        // The rationale is begun before all prompts are read.
        Assert.InRange(readBefore, 0, 3);
        Assert.Equal([3, 1], results[2].HiddenState);
        Assert.Equal(FinishReason.NotGenerated, results[2].FinishReason);
        Assert.Empty(results[2].RationaleIds);

        void Begins()
        {
            if (readBefore < 0)
                readBefore = _model.Encoded.Sum(batch => batch.Length);
        }
    }

    [Fact]
    public void Each_image_is_encoded_once_and_freed_when_its_last_prompt_has_been_read()
    {
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        var patches = new PatchedImage(new float[4], new ImageGrid(1, 2, 2));
        using var images = new VisionFeatureCache(0);
        Pending[] sequences =
        [
            Submit(_model.Request(1, 3, Greedy, Emb), Lease()),
            Submit(_model.Request(2, 3, Greedy, Emb), Lease()),
            Submit(_model.Request(3, 3, null), Lease()),
        ];
        Advance(new DecodingEngineOptions { MaxBatchSize = 1 }, sequences);
        Assert.Equal(1, _model.ImagesEncoded);
        Assert.False(_model.HasReadFreedImages);
        Assert.Equal(before, statistics.ThreadTotalLiveCount);

        ImageLease Lease() => images.Lease(patches, () => patches);
    }

    [Fact]
    public void The_state_fits_the_longest_request_and_exists_only_while_there_is_work()
    {
        Run(new(), _model.Request(1, 3, Greedy, Emb), _model.Request(2, 100, Greedy, Emb));
        var size = Assert.Single(_model.StateSizes);
        Assert.InRange(size.Capacity, 100 + Greedy.MaxRationaleTokens + 1, 200);
        Assert.Equal(2, size.Slots);
        Assert.False(_model.HasState);
    }

    [Fact]
    public void A_bounded_state_lets_fewer_sequences_run_but_always_one()
    {
        Run(
            new DecodingEngineOptions { MaxCacheTokens = 128 },
            _model.Request(1, 3, Greedy, 5, Emb),
            _model.Request(2, 3, Greedy, 5, Emb),
            _model.Request(3, 3, Greedy, 5, Emb),
            _model.Request(4, 500, Greedy, Emb)
        );
        Assert.All(_model.StateSizes, size => Assert.True(size.Slots == 1 || size.Slots * size.Capacity <= 128));
        Assert.Equal(2, _model.Steps.Max(step => step.Length));
        Assert.Equal([4], _model.Steps[^1]);
        Assert.InRange(_model.StateSizes[^1].Capacity, 500 + Greedy.MaxRationaleTokens + 1, 600);
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(64, 2)]
    [InlineData(1000, 1)]
    public void What_a_slot_takes_beside_its_tokens_counts_too(int slotTokens, int together)
    {
        var model = new ScriptedModel { SlotTokens = slotTokens };
        Pending[] sequences = [.. Enumerable.Range(1, 4).Select(script => Submit(model.Request(script, 3, Greedy, 5, Emb)))];
        Advance(new DecodingEngineOptions { MaxCacheTokens = 256 }, model, sequences);
        Assert.All(sequences, sequence => Assert.Equal([5, Emb], sequence.Result.RationaleIds));
        Assert.Equal(together, model.Steps.Max(step => step.Length));
        Assert.Equal(together, model.StateSizes.Max(size => size.Slots));
    }

    [Fact]
    public void A_growing_state_keeps_the_sequences_that_run()
    {
        var scheduler = new DecodeScheduler(_model, Emb, new DecodingEngineOptions());
        var first = Submit(_model.Request(1, 3, Greedy, 5, 6, Emb));
        scheduler.Enqueue(first.Sequence);
        scheduler.Advance();
        var second = Submit(_model.Request(2, 200, Greedy, 7, Emb));
        scheduler.Enqueue(second.Sequence);
        while (!scheduler.IsIdle)
            scheduler.Advance();
        Assert.True(_model.StateSizes.Count > 1);
        Assert.True(_model.StateSizes[^1].Capacity > _model.StateSizes[0].Capacity);
        Assert.Contains(_model.Steps, step => step.Length == 2);
        Assert.Equal([5, 6, Emb], _model.Fed[1]);
        Assert.Equal([1, 6], first.Result.HiddenState);
        Assert.Equal([2, 202], second.Result.HiddenState);
    }

    [Fact]
    public void A_cancelled_request_leaves_and_the_others_continue()
    {
        using var cancellation = new CancellationTokenSource();
        _model.BeforeStep = step =>
        {
            if (step == 1)
                cancellation.Cancel();
        };
        using var images = new VisionFeatureCache(0);
        var cancelled = Submit(_model.Request(1, 3, Greedy, 5, 6, 7, 8), cancellation.Token);
        var kept = Submit(_model.Request(2, 3, Greedy, 5, 6, 7, Emb));
        var image = images.Lease("image", () => new PatchedImage(new float[4], new ImageGrid(1, 2, 2)));
        var waiting = new Pending(new PendingSequence(_model.Request(3, 3, Greedy, Emb), [image], cancellation.Token));
        Advance(new DecodingEngineOptions { MaxBatchSize = 2 }, cancelled, kept, waiting);
        Assert.True(cancelled.Sequence.Completion.IsCanceled);
        Assert.True(waiting.Sequence.Completion.IsCanceled);
        Assert.Equal([5, 6, 7, Emb], kept.Result.RationaleIds);
        Assert.Equal([2, 7], kept.Result.HiddenState);
        Assert.Equal(0, _model.ImagesEncoded);
    }

    [Fact]
    public async Task Logits_that_are_not_numbers_end_their_own_row_alone()
    {
        _model.LogitOf[1] = float.NaN;
        Pending bad = Submit(_model.Request(1, 3, Greedy, 5)),
            good = Submit(_model.Request(2, 3, Greedy, 6, Emb));
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
            if (step == 0)
                throw new InvalidOperationException("out of memory");
        };
        Pending running = Submit(_model.Request(1, 3, Greedy, 5, Emb)),
            waiting = Submit(_model.Request(2, 3, Greedy, 6, Emb));
        Advance(new DecodingEngineOptions { MaxBatchSize = 1 }, running, waiting);
        await Assert.ThrowsAsync<InvalidOperationException>(() => running.Sequence.Completion);
        Assert.Equal([6, Emb], waiting.Result.RationaleIds);
    }

    [Fact]
    public void Tokens_are_told_as_they_are_chosen()
    {
        var reported = new List<int>();
        Run(new(), _model.Request(1, 3, Greedy, 5, 6, 7, 8) with { OnToken = reported.Add });
        Assert.Equal([5, 6, 7, 8], reported);
    }

    [Fact]
    public void Any_mix_of_requests_gets_what_each_gets_alone()
    {
        var request = Gen.Select(Gen.Int[1, 200], Gen.Int[0, 8].Array[0, 6], Gen.Bool, (length, tokens, generates) =>
            (length, tokens, generates)
        );
        Gen.Select(request.Array[1, 12], Gen.Int[1, 4], Gen.Int[1, 300], Gen.Int[64, 600])
            .Sample(
                (requests, rows, prefill, cache) =>
                {
                    var model = new ScriptedModel();
                    var sequences = requests
                        .Select(
                            (r, i) => Submit(model.Request(i, r.length, r.generates ? Greedy : null, [.. r.tokens, Emb, .. new int[8]]))
                        )
                        .ToArray();
                    Advance(
                        new DecodingEngineOptions
                        {
                            MaxBatchSize = rows,
                            MaxPrefillTokens = prefill,
                            MaxCacheTokens = cache,
                        },
                        model,
                        sequences
                    );
                    for (var i = 0; i < requests.Length; i++)
                    {
                        var (length, tokens, generates) = requests[i];
                        var result = sequences[i].Result;
                        Assert.Equal(generates ? [.. tokens.Append(Emb).Take(4)] : [], result.RationaleIds);
                        Assert.Equal([i, generates ? length + Math.Min(tokens.Length, 4) + 1 : length], result.HiddenState);
                    }
                },
                iter: 200
            );
    }

    [Fact]
    public void Prompts_that_begin_alike_get_what_each_gets_alone_and_states_stay_within_their_bounds()
    {
        var request = Gen.Select(Gen.Int[0, 3], Gen.Int[1, 150], Gen.Int[0, 60], Gen.Bool, (script, length, others, generates) =>
            (script, length, others, generates)
        );
        Gen.Select(request.Array[1, 16], Gen.Int[1, 4], Gen.Int[1, 300], Gen.Int[64, 900], Gen.Int[0, 500], Gen.Bool)
            .Sample(
                (requests, rows, prefill, cache, kept, canCut) =>
                {
                    var model = new ScriptedModel { CanCutStates = canCut, SlotTokens = canCut ? 0 : 20 };
                    var options = new DecodingEngineOptions
                    {
                        MaxBatchSize = rows,
                        MaxPrefillTokens = prefill,
                        MaxCacheTokens = cache,
                        MaxPrefixTokens = kept,
                    };
                    var scheduler = new DecodeScheduler(model, Emb, options);
                    // What a script writes depends on how long its prompt is, which is then the same for all that write.
                    _ = Enumerable.Range(0, 4).Select(script => model.Request(script, 40, Greedy, Emb)).ToArray();
                    foreach (var round in requests.Chunk(5))
                    {
                        Pending[] sequences = [.. round.Select(r => Submit(Begin(r.script, r.length, r.others, r.generates)))];
                        foreach (var pending in sequences)
                            scheduler.Enqueue(pending.Sequence);
                        while (!scheduler.IsIdle)
                            scheduler.Advance();
                        foreach (var (asked, pending) in round.Zip(sequences))
                        {
                            float length = asked.generates ? 40 + 1 : asked.length + asked.others;
                            Assert.Equal([asked.script, length], pending.Result.HiddenState);
                        }
                        Assert.InRange(model.StateTokens, 0, Math.Min(kept, cache));
                    }
                    scheduler.FailAll(new ObjectDisposedException("scheduler"));
                    Assert.False(model.HasState);
                },
                iter: 300
            );

        static DecodeRequest Begin(int script, int length, int others, bool generates) =>
            new([script, .. Enumerable.Repeat(0, (generates ? 40 : length) - 1), .. Enumerable.Repeat(5, generates ? 0 : others)])
            {
                Generation = generates ? Greedy : null,
            };
    }

    [Fact]
    public void A_prompt_waits_for_one_that_begins_like_it_and_others_do_not()
    {
        var options = new DecodingEngineOptions { MaxPrefixTokens = 1000 };
        DecodeRequest[] requests =
        [
            _model.Request(1, 100, null),
            _model.Request(2, 80, null),
            _model.Request(1, 110, null),
            _model.Request(3, 90, null),
            _model.Request(3, 30, null),
        ];
        var results = Run(options, requests);
        Assert.Equal(
            [
                [100, 80, 90, 30],
                [10],
            ],
            _model.Prefilled.AsEnumerable()
        );
        Assert.Equal([0, 0, 100, 0, 0], results.Select(result => result.ReusedTokens));
        Assert.Equal([1, 110], results[2].HiddenState);
        Assert.Empty(_model.Encoded);
    }

    [Fact]
    public void A_prompt_that_there_is_no_room_for_beside_the_rationales_is_read_without_a_state()
    {
        var options = new DecodingEngineOptions { MaxPrefixTokens = 200, MaxCacheTokens = 200 };
        var results = Run(options, _model.Request(1, 150, Greedy, 5, 6, Emb), _model.Request(2, 300, null));
        Assert.Equal([2], Assert.Single(_model.Encoded));
        Assert.Equal([2, 300], results[1].HiddenState);
        Assert.Equal([1, 153], results[0].HiddenState);
    }

    private DecodedSequence[] Run(DecodingEngineOptions options, params DecodeRequest[] requests)
    {
        var sequences = requests.Select(request => Submit(request)).ToArray();
        Advance(options, sequences);
        return [.. sequences.Select(sequence => sequence.Result)];
    }

    private void Advance(DecodingEngineOptions options, params Pending[] sequences) => Advance(options, _model, sequences);

    private static void Advance(DecodingEngineOptions options, ScriptedModel model, Pending[] sequences)
    {
        var scheduler = new DecodeScheduler(model, Emb, options);
        foreach (var pending in sequences)
            scheduler.Enqueue(pending.Sequence);
        for (var slice = 0; !scheduler.IsIdle; slice++)
        {
            Assert.True(slice < 1000, "The scheduler does not come to an end.");
            scheduler.Advance();
        }
    }

    private static Pending Submit(DecodeRequest request, CancellationToken cancellationToken) =>
        new(new PendingSequence(request, [], cancellationToken));

    private static Pending Submit(DecodeRequest request, params ImageLease[] images) =>
        new(new PendingSequence(request, images, CancellationToken.None));

    private sealed record Pending(PendingSequence Sequence)
    {
        public DecodedSequence Result =>
            Sequence.Completion.IsCompletedSuccessfully
                ? Sequence.Completion.Result
                : throw new InvalidOperationException(
                    $"The request has no result: {Sequence.Completion.Status}",
                    Sequence.Completion.Exception
                );
    }
}
