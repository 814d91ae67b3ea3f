using Rge.Imaging;
using Rge.Models.Inference;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

public sealed class QwenVlModelTests
{
    public static TheoryData<ModelFamily> Families => [.. Enum.GetValues<ModelFamily>()];

    [Theory, MemberData(nameof(Families))]
    public void Packed_prompts_give_what_each_gives_alone(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        var inputs = Inputs(model, out var features);
        using var together = model.Encode(inputs);
        for (var i = 0; i < inputs.Length; i++)
        {
            using var alone = model.Encode([inputs[i]]);
            AssertClose(alone[0], together[i]);
        }
        Dispose(features);
    }

    [Theory, MemberData(nameof(Families))]
    public void Images_encoded_together_equal_images_encoded_alone(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        PatchedImage[] images =
        [
            TinyModel.Image(model.Config, 4, 6, 1),
            TinyModel.Image(model.Config, 10, 2, 2),
            TinyModel.Image(model.Config, 4, 6, 3),
        ];
        var together = model.EncodeImages(images);
        for (var i = 0; i < images.Length; i++)
        {
            var alone = model.EncodeImages([images[i]])[0];
            AssertClose(alone.Merged, together[i].Merged);
            Assert.Equal(model.Config.Vision.DeepstackBlocks.Count, alone.Deepstack.Count);
            for (var d = 0; d < alone.Deepstack.Count; d++)
                AssertClose(alone.Deepstack[d], together[i].Deepstack[d]);
            alone.Dispose();
        }
        Dispose(together);
    }

    [Theory, MemberData(nameof(Families))]
    public void Prefill_then_steps_equal_one_pass(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        var inputs = Inputs(model, out var features);
        using var cache = model.CreateState(slots: 8, capacity: 80);
        int[] slots = [6, 0, 3, 5];
        model.Prefill(inputs, cache, slots).Dispose();
        int[][] continuations =
        [
            [1, 2, 3],
            [4, 5, 6],
            [7, 8, 9],
            [10, 11, 12],
        ];
        for (var step = 0; step < 3; step++)
        {
            using var hidden = model.Step([.. continuations.Select(c => c[step])], cache, slots);
            for (var i = 0; i < inputs.Length; i++)
            {
                using var whole = model.Encode([inputs[i] with { TokenIds = [.. inputs[i].TokenIds, .. continuations[i][..(step + 1)]] }]);
                AssertClose(whole[0], hidden[i]);
            }
        }
        Assert.Equal(inputs[0].TokenIds.Length + 3, cache.Length(6));
        Dispose(features);
    }

    [Theory, MemberData(nameof(Families))]
    public void A_prompt_in_two_parts_equals_the_whole(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        var inputs = Inputs(model, out var features);
        using var cache = model.CreateState(slots: 2, capacity: 80);
        model.Prefill([inputs[1]], cache, [1]).Dispose();
        using var rest = model.Prefill([new ModelInput([3, 4, 5, 6, 7])], cache, [1]);
        using var whole = model.Encode([inputs[1] with { TokenIds = [.. inputs[1].TokenIds, 3, 4, 5, 6, 7] }]);
        AssertClose(whole[0], rest[0]);
        Dispose(features);
    }

    [Theory, MemberData(nameof(Families))]
    public void Tokens_have_the_rows_of_the_embedding(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        using var rows = model.EmbedTokens([7, 95, 7]);
        using var expected = model.Parameters[ParameterLayout.TokenEmbedding].index_select(0, tensor(new long[] { 7, 95, 7 }));
        Assert.Equal(expected.data<float>().ToArray(), rows.data<float>().ToArray());
        var error = Assert.Throws<ArgumentException>(() => model.EmbedTokens([96]));
        Assert.Contains("vocabulary of 96", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reset_slot_forgets_its_sequence()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        using var cache = model.CreateState(slots: 1, capacity: 20);
        model.Prefill([new ModelInput([1, 2, 3, 4])], cache, [0]).Dispose();
        cache.Reset(0);
        using var again = model.Prefill([new ModelInput([5, 6])], cache, [0]);
        using var alone = model.Encode([new ModelInput([5, 6])]);
        AssertClose(alone[0], again[0]);
        Assert.Equal(2, cache.Length(0));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_slot_counts_as_the_tokens_that_take_as_much(ScalarType dtype)
    {
        const int Slots = 3,
            Capacity = 10;
        using QwenVlModel source = TinyModel.Create(ModelFamily.Qwen35),
            other = TinyModel.Create(ModelFamily.Qwen3Vl);
        var float32 = ParameterLayout.Float32Names(source.Config);
        using var model = new QwenVlModel(
            source.Config,
            source.Parameters.ToDictionary(
                p => p.Key,
                p => p.Value.to(float32.Contains(p.Key) ? ScalarType.Float32 : dtype, copy: true),
                StringComparer.Ordinal
            )
        );
        using var state = model.CreateState(Slots, Capacity);
        var slot = state.Layers.OfType<DeltaNetState>().Sum(net => net.Columns.bytes.Length + net.Memory.bytes.Length) / Slots;
        var token = state.Layers.OfType<KvCache>().Sum(cache => cache.Keys.bytes.Length + cache.Values.bytes.Length) / Slots / Capacity;
        Assert.InRange(token, 1, slot);
        Assert.Equal((slot + token - 1) / token, model.SlotTokens);
        Assert.Equal(0, other.SlotTokens);
    }

    [Fact]
    public void Only_a_recurrence_runs_alone()
    {
        using var scope = NewDisposeScope();
        using QwenVlModel model = TinyModel.Create(ModelFamily.Qwen35),
            other = TinyModel.Create(ModelFamily.Qwen3Vl);
        using DecodingState state = model.CreateState(2, 8),
            whole = model.CreateState(1, 8);
        var x = randn(7, 32);
        var parts = cat([model.Recur(2, x.narrow(0, 0, 4), state, 1), model.Recur(2, x.narrow(0, 4, 3), state, 1)], 0);
        Assert.True(parts.allclose(model.Recur(2, x, whole, 0), rtol: 1e-3, atol: 1e-4));
        Assert.Equal((7, 0), (state.Length(1), state.Length(0)));
        Assert.Throws<ArgumentException>(() => model.Recur(1, x, whole, 0));
        Assert.Throws<ArgumentException>(() => model.Recur(2, x, state, 1));
        Assert.Throws<ArgumentException>(() => model.Recur(2, randn(1, 31), state, 0));
        Assert.Throws<ArgumentException>(() => other.Recur(0, x, whole, 0));
    }

    [Fact]
    public void No_tensor_outlives_a_pass()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen3Vl);
        var image = TinyModel.Image(model.Config, 4, 4);
        Pass();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Pass();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Pass()
        {
            var features = model.EncodeImages([image]);
            using var cache = model.CreateState(2, 40);
            var input = new ModelInput(TinyModel.Tokens(model.Config, 9, 1, image.Grid), features);
            model.Prefill([input, new ModelInput([1, 2])], cache, [1, 0]).Dispose();
            using (var hidden = model.Step([1, 2], cache, [1, 0]))
                model.Logits(hidden).Dispose();
            model.Encode([input]).Dispose();
            Dispose(features);
        }
    }

    [Fact]
    public void Bad_input_is_refused_before_it_reaches_native_code()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        using var cache = model.CreateState(slots: 1, capacity: 4);
        Assert.Contains("no tokens", Refused(() => model.Encode([new ModelInput([])])), StringComparison.Ordinal);
        Assert.Contains("vocabulary has 96", Refused(() => model.Encode([new ModelInput([96])])), StringComparison.Ordinal);
        Assert.Contains("vocabulary has 96", Refused(() => model.Encode([new ModelInput([-1])])), StringComparison.Ordinal);
        Assert.Contains("only 0 images", Refused(() => model.Encode([new ModelInput([TinyModel.ImageToken])])), StringComparison.Ordinal);
        Assert.Contains(
            "do not fit",
            Refused(() => model.Prefill([new ModelInput([1, 2, 3, 4, 5])], cache, [0])),
            StringComparison.Ordinal
        );
        Assert.Contains("Slot 1 does not exist", Refused(() => model.Step([1], cache, [1])), StringComparison.Ordinal);
        Assert.Contains("different slots", Refused(() => model.Step([1, 2], cache, [0, 0])), StringComparison.Ordinal);
        Assert.Contains(
            "patch size",
            Refused(() => model.EncodeImages([new PatchedImage(new float[4 * 7], new ImageGrid(1, 2, 2))])),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "merge size",
            Refused(() => model.EncodeImages([new PatchedImage(new float[3 * 96], new ImageGrid(1, 1, 3))])),
            StringComparison.Ordinal
        );
        using var wide = zeros(1, 5);
        Assert.Contains("expected [B, 32]", Refused(() => model.Logits(wide)), StringComparison.Ordinal);

        static string Refused(Action action) => Assert.Throws<ArgumentException>(action).Message;
    }

    private static ModelInput[] Inputs(QwenVlModel model, out IReadOnlyList<VisionFeatures> features)
    {
        PatchedImage[] images = [TinyModel.Image(model.Config, 4, 6, 1), TinyModel.Image(model.Config, 10, 4, 2)];
        var encoded = features = model.EncodeImages(images);
        return
        [
            new(TinyModel.Tokens(model.Config, 12, 1, images[0].Grid), [encoded[0]]),
            new(TinyModel.Tokens(model.Config, 5, 2)),
            new(TinyModel.Tokens(model.Config, 20, 3, images[1].Grid), [encoded[1]]),
            new(
                [1, 2, 88, .. Enumerable.Repeat(TinyModel.ImageToken, 6), 89, 88, .. Enumerable.Repeat(TinyModel.ImageToken, 10), 89, 7],
                [encoded[0], encoded[1]]
            ),
        ];
    }

    private static void Dispose(IReadOnlyList<VisionFeatures> features)
    {
        foreach (var feature in features)
            feature.Dispose();
    }

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        using var difference = (expected - actual).abs().max();
        Assert.InRange(difference.item<float>(), 0, 2e-5f);
    }
}
