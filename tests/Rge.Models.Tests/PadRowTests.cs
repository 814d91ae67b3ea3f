using Rge.Models.Inputs;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>The row of the padding token gets no gradient from being looked up, as in the reference.</summary>
public sealed class PadRowTests
{
    private const int Pad = 5;

    [Theory]
    [InlineData(ModelFamily.Qwen2Vl)]
    [InlineData(ModelFamily.Qwen25Vl)]
    [InlineData(ModelFamily.Qwen3Vl)]
    [InlineData(ModelFamily.Qwen35)]
    public void The_look_up_gives_the_pad_row_no_gradient_and_others_theirs(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        var with = Gradient(family, Pad, [Pad, 1, 2, Pad], throughHead: false);
        var without = Gradient(family, null, [Pad, 1, 2, Pad], throughHead: false);
        Assert.Equal(0, with[Pad].abs().max().item<float>());
        Assert.True(without[Pad].abs().max().item<float>() > 1e-3f);
        foreach (var other in new[] { 1, 2 })
        {
            Assert.True(without[other].abs().max().item<float>() > 1e-3f);
            Assert.InRange((with[other] - without[other]).abs().max().item<float>(), 0, 1e-5f);
        }
    }

    [Fact]
    public void A_tied_head_still_gives_the_pad_row_its_gradient()
    {
        using var scope = NewDisposeScope();
        var tied = Gradient(ModelFamily.Qwen25Vl, Pad, [Pad], throughHead: true);
        var head = HeadGradient(ModelFamily.Qwen25Vl, [Pad]);
        Assert.True(head[Pad].abs().max().item<float>() > 1e-3f);
        Assert.InRange((tied[Pad] - head[Pad]).abs().max().item<float>(), 0, 1e-5f);
    }

    [Theory]
    [InlineData("5", 5)]
    [InlineData("-1", 95)] // as torch's embedding counts
    [InlineData("null", null)]
    public void The_token_is_read_from_the_configuration(string value, int? expected)
    {
        var json = TinyModel.Json(ModelFamily.Qwen25Vl);
        json["pad_token_id"] = System.Text.Json.Nodes.JsonNode.Parse(value);
        Assert.Equal(expected, QwenVlConfig.Parse(json, "config.json").Text.PadTokenId);
    }

    private static QwenVlModel Model(ModelFamily family, int? pad)
    {
        using var made = TinyModel.Create(family);
        var config = made.Config with { Text = made.Config.Text with { PadTokenId = pad } };
        return new QwenVlModel(
            config,
            made.Parameters.ToDictionary(p => p.Key, p => p.Value.clone().DetachFromDisposeScope(), StringComparer.Ordinal)
        );
    }

    /// <summary>Gradient of the token embedding, where the loss is a fixed sum of hidden states or of logits.</summary>
    private static Tensor Gradient(ModelFamily family, int? pad, int[] tokens, bool throughHead)
    {
        using var model = Model(family, pad);
        var embedding = model.Parameters[ParameterLayout.TokenEmbedding].requires_grad_(true);
        using var states = model.Forward([new ModelInput(tokens)]);
        Loss(throughHead ? model.Logits(states.Hidden) : states.Hidden).backward();
        return embedding.grad!.clone();
    }

    /// <summary>What the head alone gives: the hidden states are constants.</summary>
    private static Tensor HeadGradient(ModelFamily family, int[] tokens)
    {
        using var model = Model(family, Pad);
        using var states = model.Forward([new ModelInput(tokens)]);
        var embedding = model.Parameters[ParameterLayout.TokenEmbedding].requires_grad_(true);
        Loss(nn.functional.linear(states.Hidden.detach(), embedding)).backward();
        return embedding.grad!.clone();
    }

    private static Tensor Loss(Tensor values) => (values * linspace(-1, 2, values.NumberOfElements).reshape(values.shape)).sum();
}
