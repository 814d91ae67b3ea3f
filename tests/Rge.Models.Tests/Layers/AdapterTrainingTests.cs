using Rge.Models.Checkpoints;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Layers;

public sealed class AdapterTrainingTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public void Gradients_are_those_of_the_changed_weight_whose_row_lengths_are_constant(bool dora)
    {
        Tensor weight = randn(7, 5),
            bias = randn(7),
            x = randn(3, 5),
            upstream = randn(3, 7);
        Tensor[] parts = [randn(2, 5), randn(7, 2), .. dora ? [rand(7) + 0.5] : Array.Empty<Tensor>()];
        foreach (var part in parts)
            part.requires_grad_(true);
        var linear = new Linear("x", new DenseWeight(weight), bias);
        linear.Attach(new LowRankWeights(parts[0], parts[1], scale: 0.7, parts.ElementAtOrDefault(2)));

        (linear.Forward(x) * upstream).sum().backward();
        var actual = parts.Select(TakeGradient).ToArray();

        var sum = weight + parts[1].mm(parts[0]) * 0.7;
        if (dora)
            sum = sum * (parts[2] / linalg.vector_norm(sum.detach(), 2, [1])).unsqueeze(1);
        ((x.mm(sum.t()) + bias) * upstream).sum().backward();
        for (var i = 0; i < parts.Length; i++)
            Assert.True((TakeGradient(parts[i]) - actual[i]).abs().max().item<float>() < 1e-4f, $"part {i}");
        linear.Detach();
    }

    [Fact]
    public void Row_lengths_are_those_of_the_moment_with_and_without_a_gradient()
    {
        Tensor weight = randn(7, 5),
            x = randn(3, 5);
        var change = new LowRankWeights(randn(2, 5), randn(7, 2).requires_grad_(true), scale: 0.7, rand(7));
        var linear = new Linear("x", new DenseWeight(weight), bias: null);
        linear.Attach(change);
        using (no_grad())
            change.B.mul_(3);
        AssertMerged();
        using (no_grad())
            AssertMerged();
        linear.Detach();

        void AssertMerged() => Assert.True((x.mm(change.Merge(weight).t()) - linear.Forward(x)).abs().max().item<float>() < 1e-4f);
    }

    [Theory]
    [InlineData(false, 6, "q_proj", "v_proj")]
    [InlineData(true, 33, "all-linear")]
    [InlineData(true, 1, "layers.1.mlp.up_proj")]
    public void A_fresh_adapter_changes_nothing_until_it_is_trained(bool dora, int count, params string[] targets)
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        var config = new AdapterConfig
        {
            Rank = 3,
            Alpha = 6,
            Dora = dora,
            TargetModules = targets,
        };
        using var adapter = PeftAdapter.Create(config, model.Linears, seed: 4);
        using var same = PeftAdapter.Create(config, model.Linears, seed: 4);
        Assert.Equal(count, adapter.Modules.Count);
        foreach (var (module, weights) in adapter.Modules)
        {
            Assert.True(weights.A.Equals(same.Modules[module].A));
            var bound = 1 / MathF.Sqrt(weights.A.shape[1]);
            Assert.InRange(weights.A.abs().max().item<float>(), bound / 2, bound);
            Assert.Equal(0, weights.B.abs().max().item<float>());
        }

        ModelInput[] inputs = [new([1, 2, 3]), new([1, 2, 4, 5])];
        var images = model.EncodeImages([TinyModel.Image(model.Config, 4, 4)]);
        var before = model.Forward([.. inputs, new ModelInput(TinyModel.Tokens(model.Config, 3, 1, images[0].Grid), images)]).Hidden;
        model.Attach(adapter);
        images = model.EncodeImages([TinyModel.Image(model.Config, 4, 4)]);
        foreach (var weights in adapter.Modules.Values)
            weights.B.requires_grad_(true);
        var after = model.Forward([.. inputs, new ModelInput(TinyModel.Tokens(model.Config, 3, 1, images[0].Grid), images)]).Hidden;
        Assert.True((before - after).abs().max().item<float>() < 1e-4f);
        after.sum().backward();
        foreach (var (module, weights) in adapter.Modules.Where(m => m.Key.Contains("language_model", StringComparison.Ordinal)))
            Assert.True(weights.B.grad!.abs().max().item<float>() > 0, module);
        Assert.All(model.Parameters.Values, parameter => Assert.Null(parameter.grad));
        using (no_grad())
            foreach (var weights in adapter.Modules.Values)
                weights.B.add_(0.1);
        Assert.True(
            (model.Encode(inputs) - model.Forward(inputs).Hidden.index_select(0, tensor([2L, 4]))).abs().max().item<float>() < 1e-4f
        );
    }

    [Fact]
    public void A_fresh_adapter_is_saved_as_peft_has_it()
    {
        using var folder = new Checkpoints.TemporaryFolder();
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        using (
            var adapter = PeftAdapter.Create(
                new AdapterConfig
                {
                    Rank = 2,
                    Alpha = 4,
                    TargetModules = ["q_proj"],
                },
                model.Linears,
                seed: 1,
                WeightNaming.Old
            )
        )
            adapter.Save(folder.Path);
        using var loaded = PeftAdapter.Load(folder.Path);
        Assert.Equal(3, loaded.Modules.Count);
        Assert.Equal(["q_proj"], loaded.Config.TargetModules);
        Assert.Equal(WeightNaming.Old, loaded.Naming);
    }

    [Fact]
    public void Targets_that_no_layer_has_are_refused()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen2Vl);
        var config = new AdapterConfig { Rank = 2, Alpha = 4 };
        Assert.Throws<ArgumentException>(() => PeftAdapter.Create(config, model.Linears, seed: 1));
        Assert.Throws<ArgumentException>(() => PeftAdapter.Create(config with { TargetModules = ["_proj"] }, model.Linears, seed: 1));
        Assert.Throws<ArgumentException>(() => PeftAdapter.Create(config with { TargetPattern = "(" }, model.Linears, seed: 1));
    }

    private static Tensor TakeGradient(Tensor leaf)
    {
        var gradient = leaf.grad!.clone();
        leaf.grad!.zero_();
        return gradient;
    }
}
