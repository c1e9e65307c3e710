namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>A kernel without groups or barriers, whose work items share its work as <see cref="WorkShare"/> says.</summary>
public interface ISharedKernel : IKernel
{
    /// <summary>
    /// Shares for each thread. Threads take one after the other, so that one that is slowed down takes fewer. Every share costs a
    /// call and an atomic addition.
    /// </summary>
    int SharesPerThread => 1;

    /// <summary>What the work item with this share does.</summary>
    void Execute(WorkShare share);
}
