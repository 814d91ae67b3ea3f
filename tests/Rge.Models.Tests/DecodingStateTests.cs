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
