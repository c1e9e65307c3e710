namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>A kernel without groups or barriers, whose work items share its work as <see cref="WorkShare"/> says.</summary>
public interface ISharedKernel : IKernel
{
    /// <summary>What the work item with this share does.</summary>
    void Execute(WorkShare share);
}
