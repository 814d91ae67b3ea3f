using Rge.Models.Inference;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

public sealed class DecodingStateTests
{
    [Theory]
    [InlineData(ModelFamily.Qwen2Vl)]
    [InlineData(ModelFamily.Qwen3Vl)]
    public void A_copied_slot_continues_like_its_original(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Create(family);
        var image = TinyModel.Image(model.Config, 4, 6);
        using var features = model.EncodeImages([image])[0];
        using DecodingState small = model.CreateState(1, 40),
            large = model.CreateState(3, 64);
        model.Prefill([new ModelInput(TinyModel.Tokens(model.Config, 9, 1, image.Grid), [features])], small, [0]);
        large.CopyFrom(small, 0, 2);
        large.CopyFrom(large, 2, 1);
        large.CopyFrom(large, 1, 1);
        var expected = model.Step([7], small, [0]);
        var found = model.Step([7, 7], large, [1, 2]);
        Assert.Equal((small.Length(0), small.NextPosition(0)), (large.Length(1), large.NextPosition(1)));
        Assert.True(found.allclose(expected.expand_as(found), rtol: 1e-5, atol: 1e-6));
    }

    [Theory]
    [InlineData(ModelFamily.Qwen2Vl)]
    [InlineData(ModelFamily.Qwen25Vl)]
    [InlineData(ModelFamily.Qwen3Vl)]
    [InlineData(ModelFamily.Qwen35)]
    public void Prompts_read_on_from_a_copied_beginning_beside_others_equal_whole_ones(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Create(family);
        var image = TinyModel.Image(model.Config, 4, 6);
        using var features = model.EncodeImages([image])[0];
        int[] start = [1, 2, model.Config.VisionStartTokenId, .. Enumerable.Repeat(TinyModel.ImageToken, 6)],
            first = [.. start, model.Config.VisionEndTokenId, 5, 6, 7],
            second = [.. start, model.Config.VisionEndTokenId, 8, 9],
            other = [11, 12, 13];
        using DecodingState whole = model.CreateState(3, 40),
            source = model.CreateState(1, 40),
            begun = model.CreateState(3, 64);
        var expected = model.Prefill(
            [new ModelInput(first, [features]), new ModelInput(other), new ModelInput(second, [features])],
            whole,
            [0, 1, 2]
        );
        // A recurrent state is that at its end; others can be longer than what is copied.
        var length = start.Length + (source.CanBeCut ? 3 : 0);
        model.Prefill([new ModelInput(first[..length], [features])], source, [0]);
        var next = MropePositions.Compute(start, [image.Grid], model.Config).Next;
        begun.CopyFrom(source, 0, 0, start.Length, next);
        begun.CopyFrom(source, 0, 2, start.Length, next);
        var found = model.Prefill(
            [new ModelInput(first[start.Length..]), new ModelInput(other), new ModelInput(second[start.Length..])],
            begun,
            [0, 1, 2]
        );
        Assert.True(found.allclose(expected, rtol: 1e-4, atol: 1e-5));
        for (var slot = 0; slot < 3; slot++)
            Assert.Equal((whole.Length(slot), whole.NextPosition(slot)), (begun.Length(slot), begun.NextPosition(slot)));
        Assert.True(model.Step([7, 7, 7], begun, [0, 1, 2]).allclose(model.Step([7, 7, 7], whole, [0, 1, 2]), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void What_a_slot_does_not_hold_and_parts_of_a_recurrent_state_are_not_copied()
    {
        using var attention = TinyModel.Create(ModelFamily.Qwen2Vl);
        using var recurrent = TinyModel.Create(ModelFamily.Qwen35);
        using DecodingState cut = attention.CreateState(2, 40),
            whole = recurrent.CreateState(2, 40);
        attention.Prefill([new ModelInput([1, 2, 3, 4, 5])], cut, [0]).Dispose();
        recurrent.Prefill([new ModelInput([1, 2, 3, 4, 5])], whole, [0]).Dispose();
        Assert.True(cut.CanBeCut);
        Assert.False(whole.CanBeCut);
        cut.CopyFrom(cut, 0, 1, 4, 4);
        whole.CopyFrom(whole, 0, 1, 5, 5);
        Assert.Equal((4, 5), (cut.Length(1), whole.Length(1)));
        Assert.Throws<ArgumentException>(() => cut.CopyFrom(cut, 0, 1, 6, 6));
        Assert.Throws<ArgumentException>(() => cut.CopyFrom(cut, 0, 1, -1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => cut.CopyFrom(cut, 0, 1, 4, -1));
        var error = Assert.Throws<ArgumentException>(() => whole.CopyFrom(whole, 0, 1, 4, 4));
        Assert.Contains("recurrent", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_not_copied()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen2Vl);
        using DecodingState source = model.CreateState(1, 40),
            small = model.CreateState(1, 4);
        model.Prefill([new ModelInput([1, 2, 3, 4, 5])], source, [0]).Dispose();
        Assert.Throws<ArgumentException>(() => small.CopyFrom(source, 0, 0));
        Assert.Throws<ArgumentException>(() => small.CopyFrom(source, 1, 0));
        Assert.Throws<ArgumentException>(() => source.CopyFrom(source, 0, 1));
    }
}
