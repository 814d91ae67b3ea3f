using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Tensors;

public sealed class TensorArithmeticTests
{
    [Fact]
    public void Results_are_those_of_the_operators()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new[] { 1f, -2f, 3f }),
            y = tensor(new[] { 10f, 20f, 30f });
        Assert.Equal([11f, 18f, 33f], x.Plus(y).data<float>().ToArray());
        Assert.Equal([1.5f, -1.5f, 3.5f], x.Plus(0.5).data<float>().ToArray());
        Assert.Equal([2f, -4f, 6f], x.Times(2).data<float>().ToArray());
        Assert.Equal([0.5f, -1f, 1.5f], x.Over(2).data<float>().ToArray());
        Assert.Equal([false, true, false], x.Below(0).data<bool>().ToArray());
        Assert.Equal([1f, 9f, 3f], x.Fill(x.Below(0), 9).data<float>().ToArray());
        Assert.Equal([2L, 3L], TensorArithmetic.Range(2, 4, CPU).data<long>().ToArray());
        Assert.Equal(
            [1f, 2f, 3f, 7f],
            zeros(2, 2).AddRows(tensor([0L, 1L, 1L]), tensor(new[] { 1f, 2f, 3f, 3f, 0f, 4f }, [3, 2])).data<float>().ToArray()
        );
        Assert.Equal(2.5, tensor(2.5f).requires_grad_(true).Number());
        Assert.Equal(-7, tensor(-7L).Number());
        Assert.Equal(1, tensor(true).Number());
        Assert.Equal([24f, 38f, 68f], x.clone().Add_(y).Add_(1).Mul_(2).data<float>().ToArray());
    }

    [Fact]
    public async Task Numbers_outlive_their_calls_beside_a_busy_collector()
    {
        // With TorchSharp's own operators this ends in an error, or a wrong sum, within a few thousand rounds.
        using var stop = new CancellationTokenSource();
        var collector = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        try
        {
            using var x = ones(64, 64);
            for (var round = 0; round < 20_000; round++)
            {
                using var scope = NewDisposeScope();
                Assert.Equal(4096, x.sum().Number());
                Assert.Equal(5.5f, x.Plus(x).Times(2).Plus(1.5)[0, 0].item<float>());
            }
        }
        finally
        {
            await stop.CancelAsync();
            await collector;
        }
    }
}
