using CsCheck;
using Rge.Models.Kernels;

namespace Rge.Models.Tests.Kernels;

public sealed class ThreadTeamTests
{
    [Fact]
    public void Every_iteration_runs_once_in_pieces_of_the_grain() =>
        Gen.Select(Gen.Int[0, 300], Gen.Int[1, 70])
            .Sample((count, grain) => Assert.Equal(Enumerable.Repeat(1, count), Visits(count, grain)), iter: 50);

    [Fact]
    public void Loops_of_several_threads_do_not_disturb_each_other() =>
        Parallel.For(0, 8, i => Assert.Equal(Enumerable.Repeat(1, 100 + i), Visits(100 + i, grain: 3)));

    [Fact]
    public void On_Linux_the_threads_are_those_of_torch() => Assert.Equal(OperatingSystem.IsLinux(), ThreadTeam.SharesTorchThreads);

    private static unsafe int[] Visits(int count, int grain)
    {
        var visits = new int[count];
        fixed (int* pointer = visits)
            ThreadTeam.For(count, grain, new Counter { Visits = pointer, Grain = grain });
        return visits;
    }

    private readonly unsafe struct Counter : IRangeBody
    {
        public required int* Visits { get; init; }
        public required int Grain { get; init; }

        public void Run(int begin, int end)
        {
            for (var i = begin; i < end; i++)
                Interlocked.Add(ref Visits[i], end - begin <= Grain ? 1 : 1000);
        }
    }
}
