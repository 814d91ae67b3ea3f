using Rge.Models.Checkpoints;

namespace Rge.Models.Tests.Checkpoints;

public sealed class WeightNamesTests
{
    [Theory]
    [InlineData("visual.blocks.0.attn.qkv.weight", "model.visual.blocks.0.attn.qkv.weight")]
    [InlineData("model.layers.0.mlp.up_proj.weight", "model.language_model.layers.0.mlp.up_proj.weight")]
    [InlineData("model.embed_tokens.weight", "model.language_model.embed_tokens.weight")]
    [InlineData("model.norm.weight", "model.language_model.norm.weight")]
    [InlineData("model.layers.3.self_attn.q_proj", "model.language_model.layers.3.self_attn.q_proj")]
    public void Old_names_become_new_ones_and_back(string old, string canonical)
    {
        Assert.True(WeightNames.IsOld(old));
        Assert.False(WeightNames.IsOld(canonical));
        Assert.Equal(canonical, WeightNames.Canonical(old));
        Assert.Equal(canonical, WeightNames.Canonical(canonical));
        Assert.Equal(old, WeightNames.As(canonical, WeightNaming.Old));
        Assert.Equal(old, WeightNames.As(old, WeightNaming.Old));
        Assert.Equal(canonical, WeightNames.As(old, WeightNaming.New));
    }

    [Theory]
    [InlineData("language_model.layers.0.mlp.up_proj.weight", "model.language_model.layers.0.mlp.up_proj.weight")]
    [InlineData("layers.0.mlp.up_proj.weight", "model.language_model.layers.0.mlp.up_proj.weight")]
    [InlineData("embed_tokens.weight", "model.language_model.embed_tokens.weight")]
    [InlineData("norm.weight", "model.language_model.norm.weight")]
    public void Names_of_a_model_without_head_become_canonical(string bare, string canonical)
    {
        Assert.False(WeightNames.IsOld(bare));
        Assert.Equal(canonical, WeightNames.Canonical(bare));
    }

    [Theory]
    [InlineData("lm_head.weight")]
    [InlineData("visuals.weight")]
    [InlineData("")]
    public void Other_names_stay(string name)
    {
        Assert.False(WeightNames.IsOld(name));
        Assert.Equal(name, WeightNames.Canonical(name));
        Assert.Equal(name, WeightNames.As(name, WeightNaming.Old));
    }
}
