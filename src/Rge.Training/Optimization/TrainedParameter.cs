using static TorchSharp.torch;

namespace Rge.Training.Optimization;

/// <summary>A parameter that is trained.</summary>
/// <param name="Name">Its canonical name.</param>
/// <param name="Tensor">The leaf tensor; borrowed.</param>
/// <param name="LearningRateScale">Its learning rate, relative to that of the step.</param>
/// <param name="WeightDecay">Its decoupled weight decay.</param>
public sealed record TrainedParameter(string Name, Tensor Tensor, double LearningRateScale, double WeightDecay);
