"Attention you can read, run at full speed, and look inside."
__version__ = "0.0.1"

from attention_nbdev import masks
from attention_nbdev.attention_map import AttentionMap
from attention_nbdev.functional import scaled_dot_product_attention
from attention_nbdev.multihead import MultiHeadAttention, PrepareForMultiHeadAttention
from attention_nbdev.recording import record
from attention_nbdev.replacing import ablate, replace

__all__ = ['AttentionMap', 'MultiHeadAttention', 'PrepareForMultiHeadAttention', 'ablate', 'masks',
           'record', 'replace', 'scaled_dot_product_attention']
