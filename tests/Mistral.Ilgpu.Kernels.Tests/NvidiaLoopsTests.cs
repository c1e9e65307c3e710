using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class NvidiaLoopsTests
{
    // As nvdisasm writes it; the outer of two loops has more products.
    private const string Code = """
        .text.kernel:
                /*0000*/                   MOV R1, c[0x0][0x28] ;
        .L_x_0:
                /*0010*/                   LDG.E.128 R4, [R2.64] ;
        .L_x_1:
                /*0020*/                   LDG.E.128.CONSTANT R8, [R2.64+0x200] ;
                /*0030*/              @!P0 IDP.4A.S8.S8 R12, R4, R8, RZ ;
                /*0040*/                   IDP.4A.S8.S8 R12, R5, R9, R12 ;
        .L_x_2:
                /*0050*/              @P1 BRA `(.L_x_1) ;
                /*0058*/                   IDP.4A.S8.S8 R12, R6, R10, R12 ;
                /*0060*/                   IADD3 R2, R2, 0x10, RZ ;
                /*0070*/              @P2 BRA `(.L_x_0) ;
                /*0080*/              @P3 BRA `(.L_x_3) ;
        .L_x_3:
                /*0090*/                   EXIT ;
        """;

    [Fact]
    public void Main_OfNestedLoops_IsTheInnerOneWithoutLabels() =>
        Assert.Equal(["LDG.E.128.CONSTANT", "IDP.4A.S8.S8", "IDP.4A.S8.S8", "BRA"], NvidiaLoops.Main(Code));

    [Fact]
    public void Of_ABranchAhead_IsNoLoop() => Assert.Equal(2, NvidiaLoops.Of(Code).Count());
}
