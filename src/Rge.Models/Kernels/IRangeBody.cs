namespace Rge.Models.Kernels;

/// <summary>The body of a loop that <see cref="ThreadTeam"/> spreads over threads; a struct of pointers and sizes.</summary>
internal interface IRangeBody
{
    /// <summary>Does the iterations begin … end − 1. Runs on threads that belong to native code: it must not throw.</summary>
    void Run(int begin, int end);
}
