"""A learned network as a CTranslate2 model: 8-bit weights, no torch needed to translate."""

import math
from pathlib import Path

import sentencepiece
import torch
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.attention_spec import MultiHeadAttentionSpec
from ctranslate2.specs.common_spec import LayerNormSpec, LinearSpec
from ctranslate2.specs.transformer_spec import (
    FeedForwardSpec,
    TransformerDecoderSpec,
    TransformerEncoderSpec,
)
from torch import nn

from translation.network import Network
from translation.vocabulary import BEGIN, END, UNKNOWN

WEIGHTS = "int8"
Layer = nn.TransformerEncoderLayer | nn.TransformerDecoderLayer


def export(network: Network, subwords: sentencepiece.SentencePieceProcessor, folder: Path) -> None:
    """Write model.bin, config.json and shared_vocabulary.json into a new folder."""
    shape = network.shape
    spec = TransformerSpec.from_config(
        (shape.reading_layers, shape.writing_layers), shape.heads, pre_norm=True
    )
    pieces = [subwords.id_to_piece(number) for number in range(shape.pieces)]
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.config.bos_token, spec.config.eos_token = pieces[BEGIN], pieces[END]
    spec.config.unk_token = pieces[UNKNOWN]
    spec.config.decoder_start_token = pieces[BEGIN]
    # The pieces already end with the end token where it belongs.
    spec.config.add_source_eos = True
    _reading(spec.encoder, network)
    _writing(spec.decoder, network)
    spec.validate()
    spec.optimize(quantization=WEIGHTS)
    folder.mkdir(parents=True)
    spec.save(str(folder))


def _reading(spec: TransformerEncoderSpec, network: Network) -> None:
    embeddings = spec.embeddings[0] if isinstance(spec.embeddings, list) else spec.embeddings
    embeddings.weight = _array(network.embedding.weight)
    spec.scale_embeddings = math.sqrt(network.shape.width)
    spec.position_encodings.encodings = _array(network.positions)
    for layer_spec, layer in zip(spec.layer, network.transformer.encoder.layers, strict=True):
        _attention(layer_spec.self_attention, layer.self_attn, layer.norm1)
        _inner(layer_spec.ffn, layer, layer.norm2)
    _norm(spec.layer_norm, network.transformer.encoder.norm)


def _writing(spec: TransformerDecoderSpec, network: Network) -> None:
    spec.embeddings.weight = _array(network.embedding.weight)
    spec.scale_embeddings = math.sqrt(network.shape.width)
    spec.position_encodings.encodings = _array(network.positions)
    for layer_spec, layer in zip(spec.layer, network.transformer.decoder.layers, strict=True):
        _attention(layer_spec.self_attention, layer.self_attn, layer.norm1)
        _attention(layer_spec.attention, layer.multihead_attn, layer.norm2, crosses=True)
        _inner(layer_spec.ffn, layer, layer.norm3)
    _norm(spec.layer_norm, network.transformer.decoder.norm)
    spec.projection.weight = _array(network.embedding.weight)
    spec.projection.bias = _array(network.bias)


def _attention(
    spec: MultiHeadAttentionSpec,
    attention: nn.MultiheadAttention,
    norm: nn.LayerNorm,
    crosses: bool = False,
) -> None:
    """torch has query, key and value in one matrix; CTranslate2 keeps a crossing query apart."""
    _norm(spec.layer_norm, norm)
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    width = attention.embed_dim
    first = width if crosses else 3 * width
    spec.linear[0].weight, spec.linear[0].bias = _array(weight[:first]), _array(bias[:first])
    if crosses:
        spec.linear[1].weight, spec.linear[1].bias = _array(weight[first:]), _array(bias[first:])
    _linear(spec.linear[-1], attention.out_proj)


def _inner(spec: FeedForwardSpec, layer: Layer, norm: nn.LayerNorm) -> None:
    _norm(spec.layer_norm, norm)
    _linear(spec.linear_0, layer.linear1)
    _linear(spec.linear_1, layer.linear2)


def _linear(spec: LinearSpec, linear: nn.Linear) -> None:
    spec.weight, spec.bias = _array(linear.weight), _array(linear.bias)


def _norm(spec: LayerNormSpec, norm: nn.LayerNorm) -> None:
    spec.gamma, spec.beta = _array(norm.weight), _array(norm.bias)


def _array(tensor: torch.Tensor) -> object:
    # CTranslate2 rounds in place; the network keeps its own numbers.
    return tensor.detach().float().clone().numpy()
